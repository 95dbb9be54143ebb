export function openGenerate() {}
