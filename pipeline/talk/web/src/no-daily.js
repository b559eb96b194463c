/** Stands in for Daily's SDK: see vite.config.js. */
export default {};
