/** What went wrong, in words, with what to do about it. */

export const LOST = "The connection was lost. Trying to get it back…";
export const REGAINED = "The connection is back.";
export const LOST_FOR_GOOD =
  "The connection was lost and could not be restored. Check that antiphon is still running, then press Talk again.";
export const GONE =
  "The server is gone: antiphon was stopped, or has failed. Nobody hung up. Start it again, then press Talk.";
export const NOT_KEPT = "That recording is not there, or no longer: only those of the last calls are kept.";
export const UNREACHABLE =
  "The agent did not answer. Check that antiphon is still running, then press Talk again.";
export const NO_PATH =
  "The agent answered, but no audio path to it was found. A firewall or a VPN may be in the way.";
export const MIC_LOST =
  "The microphone stopped working. Plug it back in or choose another one below.";
export const SPEAKER_REFUSED = "That speaker could not be used; the sound stays where it was.";

const MICROPHONE = {
  NotAllowedError:
    "The microphone is blocked. Allow it for this page in your browser's address bar, then press Talk again.",
  NotFoundError: "No microphone was found. Plug one in, then press Talk again.",
  OverconstrainedError: "That microphone is gone. Choose another one below, then press Talk again.",
  NotReadableError:
    "The microphone is in use by another program. Close that program, then press Talk again.",
  InsecureContext:
    "Browsers only allow the microphone on a secure page. Open this one as http://localhost or over https.",
};

/** @param {any} error */
export function microphoneProblem(error) {
  return MICROPHONE[error?.name] ?? `The microphone could not be opened: ${error?.message ?? error}`;
}

/** @param {any} error The transport's; where the server refused, `cause` is its response. */
export async function connectionProblem(error) {
  if (!(error?.cause instanceof Response)) return UNREACHABLE;
  const { detail } = await error.cause.json().catch(() => ({}));
  return `The agent cannot answer: ${detail ?? `the server refused with ${error.cause.status}`}`;
}

/** @param {any} message RTVI's error message. */
export function agentProblem(message) {
  const text = message?.data?.error ?? message?.data?.message ?? "no details were given";
  return `The agent reports a problem: ${text}`;
}
