/** The captions as elements of the page. */

/** @param {string} tag @param {string} [className] @param {string} [text] */
function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** What the agent's redactor put in the place of a value, such as `<CREDIT_CARD 6467>`. */
const REDACTED = /<([A-Z]+(?:_[A-Z]+)*)(?:_\w+)?( [^<>]*)?>/g;

/** @param {string} className @param {string} text */
function said(className, text) {
  const shown = element("span", className);
  let done = 0;
  for (const found of text.matchAll(REDACTED)) {
    const kind = found[1].toLowerCase().replaceAll("_", " ") + (found[2] ?? "");
    shown.append(text.slice(done, found.index), element("span", "tag redacted", kind));
    done = found.index + found[0].length;
  }
  shown.append(text.slice(done));
  return shown;
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

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

  clear() {
    this.#shown.clear();
    this.#list.replaceChildren();
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
    const words = element("p", "words");
    words.append(said("", entry.text));
    if (entry.interim) {
      words.append(entry.text ? " " : "", said("interim", entry.interim));
    } else if (!entry.text) {
      words.append(element("span", "interim", "…"));
    }
    const heading = element("p", "who", "You");
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
    if (!entry.segments.size) words.append(element("span", "interim", "…"));
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
    row.append(name, element("td", "owner", stage.owner), element("td", "ms", `${stage.ms} ms`));
    table.append(row);
  }
  details.append(summary, table);
  return details;
}
