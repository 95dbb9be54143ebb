import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-len': ['error', { code: 120 }],
      'max-lines-per-function': ['error', { max: 60 }],
      'no-var': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'no-implicit-globals': 'error',
      'no-shadow': 'error',
      'no-param-reassign': 'error',
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      complexity: ['error', 10],
      // Data from outside must enter as text nodes, never as markup.
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write'].map((property) => ({ property })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]', message: 'Use text nodes.' },
      ],
    },
  },
  { files: ['chalicelib/web/*.js', 'infra/local/components/*.js'], languageOptions: { globals: globals.browser } },
  {
    files: ['tests/web/*.js', 'packages/js/src/*.js', 'tests/packages/js/*.js'],
    languageOptions: { globals: globals.node },
  },
];
