import js from '@eslint/js';
import globals from 'globals';

/** Markup is never made from text: names and tags are anyone's. */
const noMarkup = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'srcdoc'].map((name) => ({
  selector: name.includes('.')
    ? `CallExpression[callee.object.name='document'][callee.property.name='write']`
    : `MemberExpression[property.name='${name}']`,
  message: 'Text goes into the page as text, never as markup.',
}));

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-syntax': ['error', ...noMarkup],
      'no-eval': 'error',
      'no-implied-eval': 'error',
    },
  },
];
