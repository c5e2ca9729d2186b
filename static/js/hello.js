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

async function send() {
  const response = await fetch(button.dataset.url, {
    method: "POST",
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: body.value,
    signal: AbortSignal.timeout(PATIENCE),
  });
  const mediaType = response.headers.get("Content-Type") ?? "";
  if (!mediaType.startsWith("application/json")) {
    throw new Error(`The server answered ${response.status} ${response.statusText} and no JSON.`);
  }
  return response.json();
}

function explain(error) {
  switch (error.name) {
    case "TimeoutError":
      return "The server was silent for too long. Try again in a moment.";
    case "TypeError": // fetch's word for every failure of the network
      return "The server cannot be reached. Is it still running?";
    case "SyntaxError":
      return "The server promised JSON and sent something else.";
    default:
      return error.message;
  }
}

async function post() {
  show("Sending …");
  try {
    const { message } = await send();
    console.log(message);
    show(message);
  } catch (error) {
    console.warn("JSON was not accepted:", error);
    show(explain(error), true);
  }
}

button.addEventListener("click", post);
document.getElementById("script_note").textContent =
  "The words above are dressed by a style sheet, and this sentence was put here by a script.";
