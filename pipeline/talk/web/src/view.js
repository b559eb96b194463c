/** The captions as elements of the page, and what else is shown of a call. */
import { parts, pieces } from "./conversation.js";

/** @param {string} tag @param {string} [className] @param {string} [text] */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {string} className @param {string} text */
function said(className, text) {
  const shown = element("span", className);
  for (const piece of pieces(text)) {
    if (piece.hidden) shown.append(element("span", "tag redacted", piece.text));
    else if (piece.unheard) shown.append(element("span", "tag unheard", piece.text));
    else shown.append(piece.text);
  }
  return shown;
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

/** Of the calls of a long day the oldest words go. */
const MOST_KEPT = 1000;

export class Captions {
  /** @type {Map<number, HTMLElement>} */
  #shown = new Map();
  #list;
  #scroller;
  #following = true;

  /** @param {HTMLElement} list @param {HTMLElement} scroller */
  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
    scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      this.#following = scrollHeight - scrollTop - clientHeight < 80;
    });
    new ResizeObserver(() => this.#follow()).observe(scroller);
  }

  /** The call is over; what was said in it stays, and the next one comes below.
   *
   * @param {string} how @param {{name: string, save: () => void}[]} downloads
   */
  end(how, downloads) {
    const item = element("li", "ended");
    item.append(element("span", "", how));
    for (const { name, save } of downloads) {
      const button = element("button", "save", name);
      button.setAttribute("type", "button");
      button.addEventListener("click", save);
      item.append(button);
    }
    this.#list.append(item);
    this.#shown.clear();
    while (this.#list.childElementCount > MOST_KEPT) this.#list.firstElementChild?.remove();
    this.#follow();
  }

  /** @param {import("./conversation.js").Entry[]} entries */
  show(entries) {
    for (const entry of entries) {
      let item = this.#shown.get(entry.id);
      if (!item) {
        item = element("li");
        this.#shown.set(entry.id, item);
        this.#list.append(item);
      }
      // What was said over the agent may have become a backchannel.
      item.className = entry.who;
      RENDER[entry.who](item, /** @type {any} */ (entry));
    }
    this.#follow();
  }

  /** Keep the newest words in sight, unless the reader went back to older ones. */
  #follow() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }
}

const RENDER = {
  /** @param {HTMLElement} item @param {import("./conversation.js").CallerEntry} entry */
  caller(item, entry) {
    item.hidden = !entry.open && !entry.text && !entry.interim;
    const made = pieces(entry.text).some((piece) => !piece.unheard && piece.text.trim());
    // Where no word was made out, the tag is not something that somebody said.
    const words = element("p", made || entry.interim || !entry.text ? "words" : "words none");
    words.append(said("", entry.text));
    if (entry.interim) {
      words.append(entry.text ? " " : "", said("interim", entry.interim));
    } else if (!entry.text) {
      words.append(element("span", "interim", "…"));
    }
    const heading = element("p", "who", "You");
    if (made && !entry.understood) heading.append(" ", element("span", "tag unheard", "not understood"));
    if (entry.bargeIn) heading.append(" ", element("span", "tag barge-in", "interrupted the agent"));
    item.replaceChildren(heading, words);
  },

  /** @param {HTMLElement} item @param {import("./conversation.js").AgentEntry} entry */
  agent(item, entry) {
    const heading = element("p", "who", "Agent");
    for (const tool of entry.tools) heading.append(" ", element("span", "tag tool", `used ${tool}`));
    const words = element("p", "words");
    const rest = [];
    for (const segment of entry.segments.values()) {
      if (segment.spoken) words.append(said("", segment.spoken.trim()), " ");
      if (segment.rest) rest.push(segment.rest.trim());
    }
    if (rest.length && entry.interrupted) {
      const unsaid = element("s", "unsaid");
      unsaid.append(said("", rest.join(" ")));
      words.append(
        element("span", "tag barge-in", "interrupted"),
        " ",
        element("span", "sr", "not spoken: "),
        unsaid,
      );
    } else if (rest.length) {
      words.append(said("interim", rest.join(" ")));
    } else if (entry.interrupted) {
      words.append(element("span", "tag barge-in", "interrupted"));
    }
    if (!entry.segments.size && entry.open) words.append(element("span", "interim", "…"));
    // Never moved: the caller may have opened it, or stand on it with the keyboard.
    const wait = item.querySelector(".wait");
    if (wait) {
      while (item.firstChild !== wait) item.firstChild?.remove();
      wait.before(heading, words);
    } else {
      item.replaceChildren(heading, words, entry.wait ? waitOf(entry.wait) : "");
    }
  },

  /** @param {HTMLElement} item @param {import("./conversation.js").BackchannelEntry} entry */
  backchannel(item, entry) {
    // A recogniser that makes nothing of a sound says so in brackets.
    const heard = entry.text.startsWith("[") ? "a sound" : `“${entry.text}”`;
    item.replaceChildren(
      element("p", "who", "You"),
      element("span", "tag backchannel", `${heard} – no turn taken`),
    );
  },
};

/** @param {import("./conversation.js").Wait} wait */
function waitOf(wait) {
  const details = element("details", "wait");
  const summary = element("summary");
  const bar = element("span", "bar");
  bar.setAttribute("aria-hidden", "true");
  const stages = wait.stages.filter((stage) => stage.ms > 0);
  for (const stage of stages) {
    const part = element("i", stage.key);
    part.style.flexGrow = String(stage.ms);
    bar.append(part);
  }
  const after = wait.greeting ? "after connecting" : "after you stopped";
  summary.append(element("b", "", seconds(wait.total_ms)), element("span", "", ` ${after}`), bar);
  const table = element("table");
  for (const stage of stages) {
    const row = element("tr");
    const name = element("th");
    name.setAttribute("scope", "row");
    name.append(element("i", stage.key), stage.label);
    row.append(name, element("td", "by", stage.by), element("td", "ms", `${stage.ms} ms`));
    table.append(row);
  }
  details.append(summary, table);
  return details;
}

/** The last wait, part by part, where it is always in sight.
 *
 * @param {HTMLElement} total @param {HTMLElement} bar @param {HTMLElement} list
 * @param {import("./conversation.js").Wait} wait
 */
export function showWait(total, bar, list, wait) {
  const shown = parts(wait);
  total.textContent = `${seconds(wait.total_ms)} ${wait.greeting ? "after connecting" : "after you stopped"}`;
  bar.replaceChildren(
    ...shown.filter((part) => part.ms > 0).map((part) => {
      const stripe = element("i", part.keys[0]);
      stripe.style.flexGrow = String(part.ms);
      return stripe;
    }),
  );
  list.replaceChildren(
    ...shown.map((part) => {
      const pair = element("div");
      const name = element("dt");
      name.append(element("i", part.keys[0]), part.name);
      pair.append(name, element("dd", "", `${part.ms} ms`));
      return pair;
    }),
  );
}
