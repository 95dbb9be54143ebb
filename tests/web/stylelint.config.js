export default {
  extends: 'stylelint-config-standard',
  rules: {
    // A short rule reads best on one line.
    'declaration-block-single-line-max-declarations': null,
    // The order of rules follows the page, not their weight.
    'no-descending-specificity': null,
    // Safari knows no other.
    'property-no-vendor-prefix': [true, { ignoreProperties: ['text-size-adjust'] }],
    // Names of fonts.
    'value-keyword-case': ['lower', { ignoreKeywords: ['Roboto', 'Menlo', 'Consolas'] }],
  },
};
