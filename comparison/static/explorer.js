// The explorer's page. The server keeps nothing: what is typed, and the cookies of both sides, live here, and each
// send takes them along. The address of the page always says how to come back to what is shown (in its fragment,
// which no browser sends), and going back in the history shows it again.
"use strict";

const LONGEST_LINK = 60_000; // characters; some browsers cut longer addresses
const LONGEST_ARGUMENT = 100_000; // bytes of a body that curl is given as such; Linux allows 131,071
const CR = "␍"; // a text field would drop a carriage return, so it is shown
const SIDES = ["flask", "scratch"];

const id = (name) => document.getElementById(name);

function element(name, content = "", attributes = {}) {
  const made = document.createElement(name);
  made.append(content);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const text = id("text"), mountedAt = id("mounted-at"), fit = id("fit"), status = id("status"), answer = id("answer");

const state = {
  scenario: null, // as the server describes it: name, lesson, steps
  step: 0, // which of its requests stands in the editor, from 1
  untouched: true, // whether everything so far is the scenario's own, so that its name says it all
  body: "", // base64 of a body that is not shown in the editor
  jars: { flask: {}, scratch: {} },
  stage: 0,
  sources: {}, // of the functions that were called, by the name that a link to one has
};

// Talking to the server

async function ask(path, order) {
  const options = order && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(order),
  };
  let reply;
  try {
    const response = await fetch(path, options);
    reply = await response.json();
  } catch {
    throw new Error("The explorer does not answer. Is “python compare.py serve” still running?");
  }
  if (reply.error) throw new Error(reply.error);
  return reply;
}

function say(sentence, isError = false) {
  status.textContent = sentence;
  status.classList.remove("odd");
  status.classList.toggle("error", isError);
}

// Only one thing at a time: a click while something is under way waits for it, so that no answer overtakes another.
let last = Promise.resolve();
function inTurn(action) {
  let patience;
  last = last
    .then(() => {
      document.body.setAttribute("aria-busy", "true");
      patience = setTimeout(() => say("Both are at work …"), 600);
    })
    .then(action)
    .catch((error) => say(error.message, true))
    .finally(() => {
      clearTimeout(patience);
      document.body.removeAttribute("aria-busy");
    });
  return last;
}

// The editor

function show(request) {
  text.value = request.text.replaceAll("\r", CR);
  mountedAt.value = request.mounted_at ?? "";
  keep(request.body ?? "");
}

function keep(base64) {
  state.body = base64;
  const bytes = base64 ? atob(base64).length : 0;
  id("kept").hidden = !bytes;
  id("kept-size").textContent = `${bytes.toLocaleString("en")} bytes`;
}

// Head and body of what stands in the editor. The head ends at the first empty line; without one, all of it is head.
function edited() {
  const end = text.value.search(/\n\n/);
  const head = end < 0 ? text.value.replace(/\n+$/, "") : text.value.slice(0, end);
  const body = end < 0 ? "" : text.value.slice(end + 2);
  return { head, body: body.replaceAll(CR, "\r") };
}

function bodyLength() {
  return new TextEncoder().encode(edited().body).length + atob(state.body).length;
}

// What a browser does by itself, and what people who edit a body forget.
function fitLength() {
  const { head, body } = edited();
  const length = bodyLength();
  const line = /^content-length:.*$/im;
  let fitted = head;
  if (line.test(head)) fitted = head.replace(line, `Content-Length: ${length}`);
  else if (length) fitted = `${head}\nContent-Length: ${length}`;
  if (fitted !== head) text.value = `${fitted}\n\n${body.replaceAll("\r", CR)}`;
}

function request() {
  const { head, body } = edited();
  return { text: `${head}\n\n${body}`.replaceAll(CR, "\r"), body: state.body, mounted_at: mountedAt.value.trim() };
}

// Sending

async function send({ remember = true, saying = "" } = {}) {
  const order = { ...request(), jars: state.jars };
  const before = performance.now();
  try {
    const reply = await ask("/send", order);
    if (remember) history.pushState(null, "", link(order));
    state.jars = reply.jars;
    answer.innerHTML = reply.html; // made by an escaping template, and the page's policy runs no script in it
    answer.hidden = false;
    state.sources = reply.sources;
    chooseStage(state.stage);
    say(`${saying || reply.sentence} (${Math.round(performance.now() - before)} ms)`);
    status.classList.toggle("odd", reply.verdict !== "identical");
  } catch (error) {
    answer.hidden = true;
    throw error;
  } finally {
    showJars();
    showSteps();
  }
}

function sendEdited() {
  return inTurn(async () => {
    if (fit.checked && !state.untouched) fitLength();
    await send();
  });
}

// Scenarios

async function play(name, upTo) {
  state.scenario = await ask(`/scenarios/${encodeURIComponent(name)}`);
  state.jars = { flask: {}, scratch: {} };
  state.untouched = true;
  const count = Math.min(Math.max(1, upTo), state.scenario.steps.length);
  for (state.step = 1; ; state.step += 1) {
    show(state.scenario.steps[state.step - 1]);
    await send({ remember: false });
    if (state.step >= count) return;
  }
}

function next() {
  return inTurn(async () => {
    if (!state.scenario || state.step >= state.scenario.steps.length) return;
    state.step += 1;
    show(state.scenario.steps[state.step - 1]);
    await send();
  });
}

function showSteps() {
  const { scenario, step } = state;
  const count = scenario ? scenario.steps.length : 0;
  id("title").textContent = scenario ? scenario.name : "Your own request";
  id("lesson").textContent = scenario ? scenario.lesson : "Whatever you send, both answer it.";
  id("next").disabled = step >= count;
  id("steps").replaceChildren(
    ...Array.from({ length: count > 1 ? count : 0 }, (_, index) => {
      const anchor = element("a", String(index + 1), {
        href: `#scenario=${encodeURIComponent(scenario.name)}&step=${index + 1}`,
        "aria-label": `Request ${index + 1} of ${count}`,
      });
      if (index + 1 === step) anchor.setAttribute("aria-current", "step");
      return element("li", anchor);
    }),
  );
  for (const anchor of document.querySelectorAll("#scenarios a")) {
    const current = scenario !== null && anchor.dataset.name === scenario.name;
    anchor.toggleAttribute("aria-current", current);
    if (current) {
      anchor.closest("details").open = true;
      anchor.scrollIntoView({ block: "nearest" });
    }
  }
}

// Cookies

function showJars() {
  for (const side of SIDES) {
    const entries = Object.entries(state.jars[side]);
    const list = id(`jar-${side}`);
    list.replaceChildren(...entries.map(([name, value]) => cookie(side, name, value)));
    if (!entries.length) list.append(element("li", "empty"));
  }
  const session = SIDES.some((side) => state.jars[side].session);
  id("flip").disabled = id("position").disabled = id("swap").disabled = !session;
  id("empty").disabled = !SIDES.some((side) => Object.keys(state.jars[side]).length);
}

function cookie(side, name, value) {
  const field = element("input", "", { value, spellcheck: "false", autocomplete: "off" });
  field.addEventListener("change", () => {
    state.untouched = false;
    if (field.value) state.jars[side][name] = field.value;
    else delete state.jars[side][name];
    showJars();
  });
  const label = element("label", name);
  label.append(field);
  return element("li", label);
}

// Change the cookies, say what each application makes of them, and ask both for the session to show it.
function tamper(how) {
  return inTurn(async () => {
    const reply = await ask("/tamper", { jars: state.jars, ...how });
    state.jars = reply.jars;
    state.untouched = false;
    if (!/^GET \/get_session_data /.test(text.value)) {
      show({ text: "GET /get_session_data HTTP/1.1\nHost: localhost\n\n", mounted_at: mountedAt.value });
    }
    await send({ saying: reply.sentence });
  });
}

// The way back: what the address says, and what it is made of

function link(order) {
  if (state.untouched && state.scenario) {
    return `#${new URLSearchParams({ scenario: state.scenario.name, step: state.step })}`;
  }
  const parts = new URLSearchParams({ text: order.text });
  if (order.body) parts.set("body", order.body);
  if (order.mounted_at) parts.set("at", order.mounted_at);
  for (const side of SIDES) {
    const jar = new URLSearchParams(order.jars[side]).toString();
    if (jar) parts.set(side, jar);
  }
  const address = `#${parts}`;
  return address.length <= LONGEST_LINK ? address : "#too-long-for-a-link";
}

async function restore() {
  const parts = new URLSearchParams(location.hash.slice(1));
  if (parts.has("scenario")) return play(parts.get("scenario"), Number(parts.get("step")) || 1);
  if (!parts.has("text")) return location.hash ? undefined : play(document.querySelector("#scenarios a").dataset.name, 1);
  Object.assign(state, { scenario: null, step: 0, untouched: false });
  for (const side of SIDES) state.jars[side] = Object.fromEntries(new URLSearchParams(parts.get(side) ?? ""));
  show({ text: parts.get("text"), body: parts.get("body") ?? "", mounted_at: parts.get("at") ?? "" });
  return send({ remember: false });
}

async function copy(what, sentence) {
  try {
    await navigator.clipboard.writeText(what);
    say(sentence);
  } catch {
    say("The browser does not let this page copy. Here it is: " + what);
  }
}

// The same request for the applications that “make serve” and “make serve-flask” start. Whoever made the link chose the
// text, and it ends up in a shell: each piece is checked, then quoted, and none may be a file's name to curl.
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[^\s#\0-\x1f\x7f]*) HTTP\/(1\.[01])$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0-\x08\n-\x1f\x7f]*?)[ \t]*$/;

function curl() {
  const quote = (value) => `'${value.replaceAll("'", "'\\''")}'`;
  const { head, body } = edited();
  const [line, ...lines] = head.replaceAll(CR, "\r").split(/\r?\n/);
  if (!/^cookie:/im.test(head)) {
    const cookies = Object.entries(state.jars.flask).map(([name, value]) => `${name}=${value}`);
    if (cookies.length) lines.push(`Cookie: ${cookies.join("; ")}`);
  }
  const start = REQUEST_LINE.exec(line);
  const fields = lines.map((field) => FIELD.exec(field));
  if (!start || fields.includes(null)) throw new Error("This is no request, so there is no curl command for it.");
  const [, method, target, version] = start;
  const length = bodyLength();
  const words = ["curl --include --path-as-is --globoff"];
  if (version === "1.0") words.push("--http1.0");
  if (method === "HEAD" && !length) words.push("--head"); // after “--request HEAD” curl would wait for a body
  else if (method !== "GET" || length) words.push(`--request ${quote(method)}`);
  for (const [, name, value] of fields) {
    if (/^host$/i.test(name) || (length && /^content-length$/i.test(name) && value === String(length))) continue;
    // To curl “Name:” is a field to leave out, and “Name;” one without a value.
    words.push(`--header ${quote(value ? `${name}: ${value}` : `${name};`)}`);
  }
  words.push(quote(`http://127.0.0.1:8000${target}`));
  if (!length) return words.join(" ");
  if (!/^content-type:/im.test(head)) words.push("--header 'Content-Type:'"); // or curl would say that it is a form
  // Data after “--data-raw” are never the name of a file, not even behind an “@”.
  const typed = !state.body && length <= LONGEST_ARGUMENT && !/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(body);
  if (typed) return [...words, `--data-raw ${quote(body)}`].join(" ");
  const bytes = Array.from(new TextEncoder().encode(body), (byte) => String.fromCharCode(byte)).join("");
  return `printf %s ${quote(btoa(bytes + atob(state.body)))} | base64 -d | ${words.join(" ")} --data-binary @-`;
}

// Stages: one at a time, forwards and backwards

function chooseStage(number) {
  const stages = answer.querySelectorAll("input[name=stage]");
  if (!stages.length) return;
  state.stage = Math.min(Math.max(0, number), stages.length - 1);
  stages[state.stage].checked = true;
  for (const panel of answer.querySelectorAll("[data-panel]")) {
    panel.hidden = Number(panel.dataset.panel) !== state.stage;
  }
}

// Sources: a link to a function opens it, with the lines that ran marked

function showSource({ name, file, line, runs }) {
  id("source-name").textContent = name;
  id("source-file").textContent = `${file}, line ${line}`;
  id("source-lines").replaceChildren(...runs.map(([ran, lines]) => (ran ? element("b", lines) : lines)));
  id("source").showModal();
}

answer.addEventListener("click", (event) => {
  const source = state.sources[event.target.closest("a")?.hash.slice(1)];
  if (!source) return;
  event.preventDefault();
  showSource(source);
});

// Wiring

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    sendEdited();
  } else if (!isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    if (event.key === "ArrowRight") chooseStage(state.stage + 1);
    else if (event.key === "ArrowLeft") chooseStage(state.stage - 1);
    else if (event.key === "n") next();
    else if (event.key === "e") text.focus();
    else return;
    event.preventDefault();
  }
});
answer.addEventListener("change", (event) => {
  if (event.target.name === "stage") chooseStage(Number(event.target.value));
});
for (const field of [text, mountedAt]) {
  field.addEventListener("input", () => { state.untouched = false; });
}
id("request").addEventListener("submit", (event) => { event.preventDefault(); sendEdited(); });
id("next").addEventListener("click", next);
id("curl").addEventListener("click", () => inTurn(() => {
  if (fit.checked && !state.untouched) fitLength(); // what is copied is what would be sent
  return copy(curl(), "The curl command is on the clipboard; it asks port 8000, where “make serve” answers.");
}));
id("link").addEventListener("click", () => copy(location.href, "The link is on the clipboard."));
id("drop").addEventListener("click", () => { keep(""); state.untouched = false; });
id("file").addEventListener("change", (event) => inTurn(async () => {
  const [file] = event.target.files;
  if (!file) return;
  const reader = new FileReader();
  const url = await new Promise((resolve, reject) => {
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(new Error("The file cannot be read.")));
    reader.readAsDataURL(file);
  });
  text.value = `${edited().head}\n\n`;
  keep(url.slice(url.indexOf(",") + 1));
  state.untouched = false;
  say(`The body is now ${file.name}.`);
  event.target.value = "";
}));
id("flip").addEventListener("click", () => tamper({ flip: Number(id("position").value) || 0 }));
id("swap").addEventListener("click", () => tamper({ swap: true }));
id("empty").addEventListener("click", () => {
  state.jars = { flask: {}, scratch: {} };
  state.untouched = false;
  showJars();
  say("Both jars are empty.");
});
id("find").addEventListener("input", (event) => {
  const sought = event.target.value.trim().toLowerCase();
  for (const group of document.querySelectorAll("#scenarios .group")) {
    let found = 0;
    for (const item of group.querySelectorAll("li")) {
      item.hidden = !item.textContent.toLowerCase().includes(sought);
      found += !item.hidden;
    }
    group.hidden = !found;
    if (sought) group.open = true;
  }
});
window.addEventListener("popstate", () => inTurn(restore));

id("scenarios").open = matchMedia("(min-width: 64rem)").matches;
inTurn(restore);
