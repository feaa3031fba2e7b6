import { useState } from 'react';

const key = 'nightshift.theme';
const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const chosen = (): Theme => {
  const stored = localStorage.getItem(key);
  return themes.find((theme) => theme === stored) ?? 'system';
};

/** Goes round the colours: those of the system, light, dark. */
export const ThemeToggle = () => {
  const [theme, setTheme] = useState(chosen);
  const change = () => {
    const next =
      themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
    if (next === 'system') {
      localStorage.removeItem(key);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(key, next);
      document.documentElement.dataset.theme = next;
    }
    setTheme(next);
  };
  return (
    <button type="button" className="plain" onClick={change}>
      Colours: {theme}
    </button>
  );
};
