/** The dialog that rotates a token. */

/** Opens the dialog. */
export async function openRotate(token) {
  return token;
}
