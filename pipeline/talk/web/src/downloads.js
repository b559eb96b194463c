/** Files of a call, for who had it. */

/** @param {string} name @param {BlobPart} content @param {string} type */
export function download(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The recording of both sides, or nothing if the server has none. @param {string} key */
export async function fetchRecording(key) {
  try {
    const response = await fetch(new URL(`recordings/${key}.wav`, document.baseURI));
    return response.ok ? await response.blob() : null;
  } catch {
    return null;
  }
}
