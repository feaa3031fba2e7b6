// Before the first paint, so that a page in the chosen colours does not flash in others.
{
  const theme = localStorage.getItem('nightshift.theme');
  if (theme === 'light' || theme === 'dark')
    document.documentElement.dataset.theme = theme;
}
