// Forms that send the operations' requests. The page says everything without this script.
"use strict";

const base = new URL(".", document.baseURI).href.replace(/\/$/, "");
let token = "";

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function field(parameter) {
  const { name, choices, value } = parameter.dataset;
  const input = choices
    ? make("select", {}, ...["", ...choices.split("|")].map((each) => make("option", {}, each)))
    : make("input", { type: "text", value: value ?? "", spellcheck: false, autocomplete: "off" });
  input.name = name;
  if (parameter.dataset.repeated) input.placeholder = "several by commas";
  return make("label", {}, make("code", {}, name), input);
}

// The request as the fields say it: what is empty is not sent.
function requestOf(operation, form) {
  let path = operation.dataset.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { dataset } of operation.querySelectorAll("tr.parameter")) {
    const value = form.elements[dataset.name].value;
    if (dataset.in === "path") path = path.replace(`{${dataset.name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (dataset.in === "header") headers[dataset.name] = value;
    else if (dataset.repeated) value.split(",").forEach((each) => query.append(dataset.name, each.trim()));
    else query.append(dataset.name, value);
  }
  if (token) headers.Authorization = `Bearer ${token}`;
  return { url: base + path + (query.size ? `?${query}` : ""), headers };
}

// JSON over several lines. The text is not parsed and written again: 0.50 stays 0.50.
function pretty(text) {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
  let indent = 0;
  return parts.map((part, i) => {
    const line = () => "\n" + "  ".repeat(indent);
    if (part === "{" || part === "[") {
      const empty = parts[i + 1] === "}" || parts[i + 1] === "]";
      indent += 1;
      return empty ? part : part + line();
    }
    if (part === "}" || part === "]") {
      indent -= 1;
      const empty = parts[i - 1] === "{" || parts[i - 1] === "[";
      return empty ? part : line() + part;
    }
    if (part === ",") return part + line();
    return part === ":" ? ": " : part;
  }).join("");
}

async function send(operation, form, output) {
  const { url, headers } = requestOf(operation, form);
  output.replaceChildren(make("p", { className: "status" }, "…"));
  try {
    const started = performance.now();
    const answer = await fetch(url, { headers, cache: "no-store", credentials: "omit" });
    const body = await answer.text();
    const took = Math.round(performance.now() - started);
    const shown = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    const json = /json/.test(answer.headers.get("content-type") ?? "");
    output.replaceChildren(
      make("p", { className: answer.ok ? "status" : "status failed" },
        `${answer.status} ${answer.statusText}, ${took} ms`),
      make("pre", { className: "request" }, `GET ${url}`),
      make("pre", {}, shown),
      make("pre", { className: "answer", tabIndex: 0 }, json ? pretty(body) : body));
  } catch (error) {
    output.replaceChildren(make("p", { className: "status failed" }, `No answer: ${error.message}`));
  }
}

function addForm(operation) {
  const output = make("output");
  const form = make("form", {}, ...[...operation.querySelectorAll("tr.parameter")].map(field),
    make("button", { type: "submit" }, "Send"), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(operation, form, output);
  });
  operation.querySelector(".columns > div").append(
    make("details", { className: "try" }, make("summary", {}, make("h4", {}, "Try it")), form));
}

// A link into what is folded away opens it; on small screens the contents start folded.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) target.closest("details")?.setAttribute("open", "");
}

for (const server of document.querySelectorAll(".server")) server.textContent = base;
for (const operation of document.querySelectorAll(".operation")) addForm(operation);
const tokenInput = make("input", { type: "password", autocomplete: "off", placeholder: "token" });
tokenInput.addEventListener("input", () => { token = tokenInput.value.trim(); });
document.getElementById("token").append(
  make("form", { onsubmit: () => false },
    make("label", {}, "Token for the forms below; it is not kept.", tokenInput)));
if (matchMedia("(max-width: 52rem)").matches) {
  document.querySelector(".contents").removeAttribute("open");
}
addEventListener("hashchange", openTarget);
openTarget();
