// The script of the home page: says that it runs, and sends the JSON of the text area when the button is pressed.
"use strict";

const PATIENCE = 10_000; // milliseconds until a silent server counts as gone

const button = document.getElementById("json_post_btn");
const body = document.getElementById("json_post_body");
const answer = document.getElementById("json_post_answer");

function show(text, failed = false) {
  answer.textContent = text;
  answer.classList.toggle("failed", failed);
}

// The message in JSON, or undefined if there is none.
function messageOf(json) {
  try {
    return JSON.parse(json).message;
  } catch {
    return undefined;
  }
}

// The sentence of an error page (error.html).
function sentenceOf(page) {
  return new DOMParser().parseFromString(page, "text/html").querySelector(".lede")?.textContent ?? "";
}

async function post() {
  show("Sending …");
  let response, text;
  try {
    response = await fetch(button.dataset.url, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: body.value,
      signal: AbortSignal.timeout?.(PATIENCE), // an older browser has a patience of its own
    });
    text = await response.text();
  } catch (error) {
    console.warn("JSON was not sent:", error);
    const silent = "The server was silent for too long. Try again in a moment.";
    const gone = "The server cannot be reached. Is it still running?";
    show(error.name === "TimeoutError" ? silent : gone, true);
    return;
  }
  const message = messageOf(text);
  if (!response.ok) {
    show(`The server answered ${response.status}. ${sentenceOf(text)}`, true);
  } else if (typeof message === "string") {
    console.log(message);
    show(message);
  } else {
    show(`The server answered ${response.status}, but without a message.`, true);
  }
}

button.addEventListener("click", post);
document.getElementById("script_note").textContent =
  "The words above are dressed by a style sheet, and this sentence was put here by a script.";
