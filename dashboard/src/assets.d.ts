/** Styles, which the build takes along. */
declare module '*.css';
