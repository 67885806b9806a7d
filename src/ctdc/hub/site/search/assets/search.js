// The search page: fetches the index of its language when it is needed, answers while one types, and keeps the question
// in the address. Text gets into the page as text, never as markup. Without this script the server answers the form.
(() => {
  const form = document.getElementById("ask");
  const field = document.getElementById("q");
  const place = document.getElementById("found");
  if (!form || !field || !place) return;
  const language = document.documentElement.lang;
  const KIND_MOST = 10, FEW = 3, SNIPPET = 240;

  // The same as words.py, held equal by a test.
  const LETTERS = { ø: "o", ł: "l", đ: "d", ð: "d", ı: "i", æ: "ae", œ: "oe", þ: "th", ß: "ss", ς: "σ",
    أ: "ا", إ: "ا", آ: "ا", ٱ: "ا", ة: "ه", ى: "ي", ؤ: "و", ئ: "ي", ء: "", ی: "ي", ک: "ك" };
  const digit = (letter) => {
    const code = letter.charCodeAt(0);
    return code >= 0x660 && code <= 0x669 ? String(code - 0x660) : code >= 0x6f0 && code <= 0x6f9 ? String(code - 0x6f0) : letter;
  };
  const words = (text, language) =>
    [...text.normalize("NFKD").toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f\u064b-\u0652\u0670\u0640]/gu, "").normalize("NFC")]
      .map((letter) => (/[\p{L}\p{M}\p{N}]/u.test(letter) ? digit(LETTERS[letter] ?? letter) : " "))
      .join("").split(/\s+/u).filter(Boolean)
      .map((word) => word.replace(/^(?:[وبكف]?ال|لل)(?=.{3})/u, ""))
      .map((word) => (language === "de" ? word.replace(/(?<=[aou])e/gu, "") : word));
  window.ctdcWords = words;

  let loaded;
  const load = () => {
    loaded ??= fetch(form.dataset.index).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }).then(prepare);
    return loaded;
  };
  const prepare = (index) => {
    const documents = index.documents.map(([kind, title, path, where = "", text = "", last = []], id) => {
      const anchors = Array.isArray(last) ? last : [];
      const of = Array.isArray(last) ? "" : index.documents[last][1];
      return { id, kind, title, path, where, text, headings: anchors.filter((_, at) => at % 2 === 0).join(" "), anchors, of };
    });
    const engine = new MiniSearch({
      fields: ["title", "where", "headings", "text"],
      tokenize: (text) => words(text, language),
      processTerm: (word) => word,
      searchOptions: {
        combineWith: "AND", boost: { title: 6, where: 4, headings: 2 },
        prefix: (word) => word.length > 1,
        fuzzy: (word) => (word.length > 4 && !/\d/u.test(word) ? 0.15 : false),
      },
    });
    engine.addAll(documents);
    return { ...index, documents, engine };
  };

  const hit = (word, terms) => words(word, language).some((folded) => terms.some((term) => folded.includes(term)));
  const has = (text, terms) => text.split(" ").some((word) => hit(word, terms));
  const find = ({ engine, documents }, asked) => {
    const terms = words(asked, language);
    if (!terms.length) return { terms, found: [] };
    const found = engine.search(asked).map(({ id }) => documents[id]);
    if (found.length >= FEW) return { terms, found };
    // German writes compounds as one word: too little was found, so words are looked for inside others too.
    const more = terms.every((term) => term.length > 3)
      ? documents.filter((one) => !found.includes(one) && terms.every((term) => words(one.title, language).some((word) => word.includes(term))))
      : [];
    return { terms, found: [...found, ...more] };
  };

  const make = (name, ...children) => {
    const part = document.createElement(name);
    part.append(...children);
    return part;
  };
  const marked = (text, terms) => text.split(/( )/u).map((word) => (word !== " " && hit(word, terms) ? make("mark", word) : word));
  const around = (text, terms) => {
    const pieces = text.split(" ");
    const start = Math.max(0, pieces.findIndex((word) => hit(word, terms)) - 8);
    const piece = pieces.slice(start).join(" ");
    const cut = piece.length <= SNIPPET ? piece : `${piece.slice(0, SNIPPET).replace(/ [^ ]*$/u, "")} …`;
    return (start ? "… " : "") + cut;
  };
  const count = new Intl.NumberFormat(`${language}-u-nu-latn`);
  const filled = (message, values) => message.replace(/\{(\w+)\}/gu, (_, name) => values[name]);
  const plural = (forms, number, values) => filled(forms[new Intl.PluralRules(language).select(number)], { count: count.format(number), ...values });

  const item = (one, terms) => {
    const link = make("a", ...marked(one.title, terms));
    link.href = `../${one.path}`; // this page is LANGUAGE/search/, wherever the site is served
    const row = make("li", link);
    const anchor = has(one.title, terms) ? -1 : one.anchors.findIndex((text, at) => at % 2 === 0 && has(text, terms));
    const below = anchor >= 0 ? one.anchors[anchor] : around(one.text, terms);
    if (anchor >= 0) link.href += `#${one.anchors[anchor + 1]}`;
    else if (one.where) row.append(" ", make("bdi", ...marked(one.where, terms), one.of && ` · ${one.of}`));
    if (below) row.append(make("p", ...marked(below, terms)));
    return row;
  };
  const section = (kind, all, terms, texts) => {
    const title = make("h2", `${texts[`kind.${kind}`]} `, make("span", count.format(all.length)));
    title.id = `kind-${kind}`;
    const shown = all.slice(0, KIND_MOST);
    const part = make("section", title, make("ul", ...shown.map((one) => item(one, terms))));
    part.setAttribute("aria-labelledby", title.id);
    if (all.length > shown.length) {
      part.append(make("p", filled(texts.more, { shown: count.format(shown.length), total: count.format(all.length) })));
    }
    return part;
  };
  // Words as they are written in titles, of the terms that the engine thinks close.
  const meant = ({ engine, documents }, asked) => {
    const close = engine.autoSuggest(asked, { fuzzy: 0.4, combineWith: "OR" }).flatMap(({ terms }) => terms);
    const written = new Map(documents.flatMap(({ title }) => title.split(" ")).flatMap((word) =>
      words(word, language).map((folded) => [folded, word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")])));
    return [...new Set(close.map((term) => written.get(term)).filter(Boolean))].slice(0, 5);
  };
  const suggestions = (close, texts) => {
    const links = close.map((word) => {
      const link = make("a", word);
      link.href = `?q=${encodeURIComponent(word)}`;
      return make("li", link);
    });
    return links.length ? [make("p", texts.meant), make("ul", ...links)] : [];
  };

  // One region stays in the page, so that its changes are spoken.
  const status = place.querySelector("[role=status]") ?? make("p");
  status.setAttribute("role", "status");
  if (!status.isConnected) place.prepend(status);
  const clear = () => [...place.childNodes].forEach((part) => part !== status && part.remove());
  const show = (index, asked) => {
    const { terms, found } = find(index, asked);
    clear();
    status.textContent = plural(index.texts.found, found.length, { query: asked });
    if (!found.length) place.append(make("p", index.texts.nothing), ...suggestions(meant(index, asked), index.texts));
    index.kinds.forEach((kind, number) => {
      const all = found.filter((one) => one.kind === number);
      if (all.length) place.append(section(kind, all, terms, index.texts));
    });
  };
  let asking = 0;
  const answer = async () => {
    const asked = field.value.trim();
    const turn = ++asking;
    const address = asked ? `?q=${encodeURIComponent(asked)}` : window.location.pathname;
    if (asked !== (new URLSearchParams(window.location.search).get("q") ?? "").trim()) window.history.replaceState(null, "", address);
    if (!asked) { clear(); status.textContent = ""; return; }
    try {
      const index = await load();
      if (turn === asking) show(index, asked);
    } catch {
      loaded = undefined;
      clear();
      status.textContent = form.dataset.failed;
    }
  };

  let pause;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(answer, 150);
  });
  field.addEventListener("focus", () => load().catch(() => { loaded = undefined; }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    answer();
  });
  // Arrows go from the field through the results and back.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [field, ...place.querySelectorAll("li a")];
    const at = stops.indexOf(document.activeElement);
    if (!step || at < 0 || !stops[at + step]) return;
    event.preventDefault();
    stops[at + step].focus();
  });
  const fromAddress = () => {
    field.value = new URLSearchParams(window.location.search).get("q") ?? "";
    answer();
  };
  window.addEventListener("popstate", fromAddress);
  fromAddress();
})();
