/** The page is formatted by this, and nothing else decides. */
export default { printWidth: 140, singleQuote: true };
