"""openapi.json as one HTML page: everything on it can be read without a script; script.js adds forms
that send requests."""

import html
import json
import re
import urllib.parse

SERVER_SHOWN = "http://127.0.0.1:8080"     # script.js puts the page's own server in its place


class Number(float):
    """A number that is shown as it is written: 0.50."""

    def __new__(cls, text):
        number = super().__new__(cls, text)
        number.text = text
        return number


class Document:
    """The parsed document, with its references looked up."""

    def __init__(self, text):
        self.root = json.loads(text, parse_float=Number, parse_int=int)

    def look_up(self, value):
        """What `value` means: a reference's target, under the texts that stand beside it."""
        while "$ref" in value:
            target = self.root
            for step in value["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            value = {**target, **{key: text for key, text in value.items() if key != "$ref"}}
        return value


# --- Text ---------------------------------------------------------------------------------------


def inline(text):
    """Markdown's `code` and **strong**."""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def paragraphs(text):
    return "".join(f"<p>{inline(each)}</p>" for each in text.split("\n\n") if each)


def attribute(value):
    return html.escape(str(value), quote=True)


def json_text(value, indent=0):
    """JSON over several lines, with what script and style tell apart marked."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        fields = [f'{pad}  <span class="key">{json_text(key)}</span>: '
                  + json_text(each, indent + 1) for key, each in value.items()]
        return "{\n" + ",\n".join(fields) + f"\n{pad}}}"
    if isinstance(value, list) and value:
        items = [f"{pad}  {json_text(each, indent + 1)}" for each in value]
        return "[\n" + ",\n".join(items) + f"\n{pad}]"
    if isinstance(value, Number):
        return f'<span class="number">{value.text}</span>'
    kind = "text" if isinstance(value, str) else "number"
    text = html.escape(json.dumps(value, ensure_ascii=False), quote=False)
    return text if indent == 0 and kind == "text" else f'<span class="{kind}">{text}</span>'


# --- Types --------------------------------------------------------------------------------------


def type_names(schema):
    types = schema.get("type", "any")
    return [types] if isinstance(types, str) else list(types)


def bounds(schema):
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    if low is not None:
        return f"≥ {low:,}"
    return ""


def choices(values):
    return " | ".join(f"<code>{html.escape(str(each))}</code>" for each in values)


def type_text(document, schema):
    """One line: string, integer ≥ 0, list of object, object or null."""
    schema = document.look_up(schema)
    if "anyOf" in schema:
        return " or ".join(type_text(document, each) for each in schema["anyOf"])
    if "enum" in schema:
        return choices(schema["enum"])
    if "const" in schema:
        return choices([schema["const"]])
    names = type_names(schema)
    if "array" in names:
        return "list of " + type_text(document, schema["items"]) if "items" in schema else "list"
    shown = [schema.get("format") if schema.get("format") in ("decimal", "date-time") else names[0]]
    if bounds(schema):
        shown[0] += " " + bounds(schema)
    return " or ".join(shown + names[1:])


def inner_object(document, schema):
    """The object that a field is, holds a list of, or may be; None otherwise."""
    schema = document.look_up(schema)
    for each in schema.get("anyOf", ()):
        found = inner_object(document, each)
        if found:
            return found
    if "items" in schema:
        return inner_object(document, schema["items"])
    return schema if "properties" in schema else None


def fields(document, schema):
    """The fields of an object, those of objects inside them folded away."""
    rows = []
    for name, field in schema["properties"].items():
        text = inline(document.look_up(field).get("description", ""))
        head = (f'<code class="name">{html.escape(name)}</code> '
                f'<span class="type">{type_text(document, field)}</span>')
        inner = inner_object(document, field)
        if inner:
            rows.append(f"<li><details><summary>{head} {text}</summary>"
                        f"{fields(document, inner)}</details></li>")
        else:
            rows.append(f"<li>{head} {text}</li>")
    return f'<ul class="fields">{"".join(rows)}</ul>'


# --- Operations ---------------------------------------------------------------------------------


def parameter_row(document, parameter):
    schema = document.look_up(parameter["schema"])
    choice = schema.get("items", schema).get("enum")
    facts = [type_text(document, schema)]
    if "default" in schema:
        facts.append(f"default <code>{html.escape(str(schema['default']))}</code>")
    if parameter.get("required"):
        facts.append("required")
    data = {"name": parameter["name"], "in": parameter["in"],
            "value": parameter.get("example", "") if parameter["in"] == "path" else "",
            "choices": "|".join(choice) if choice else "",
            "repeated": "yes" if schema.get("type") == "array" else ""}
    attributes = "".join(f' data-{key}="{attribute(value)}"' for key, value in data.items() if value)
    return (f'<tr class="parameter"{attributes}>'
            f'<th scope="row"><code>{parameter["name"]}</code>'
            f'<span class="where">{parameter["in"]}</span></th>'
            f'<td><span class="type">{", ".join(facts)}</span>{paragraphs(parameter["description"])}'
            "</td></tr>")


def response_row(document, status, response):
    response = document.look_up(response)
    headers = "".join(
        f"<li><code>{name}</code> {inline(document.look_up(header)['description'])}</li>"
        for name, header in response.get("headers", {}).items())
    more = f"<details><summary>headers</summary><ul>{headers}</ul></details>" if headers else ""
    codes = {content["example"]["code"] for content in response.get("content", {}).values()
             if "code" in content.get("example", {})}
    code = "".join(f" <code>{each}</code>" for each in sorted(codes))
    return (f'<tr><th scope="row">{status}</th><td>{inline(response["description"])}{code}{more}'
            "</td></tr>")


def curl(target, headers=()):
    text = "".join(f" \\\n  -H '{name}: {value}'" for name, value in headers)
    return (f"curl -s '<span class=\"server\">{SERVER_SHOWN}</span>"
            f"{html.escape(target, quote=False)}'{html.escape(text, quote=False)}")


def path_example(document, path, parameters):
    for parameter in parameters:
        if parameter["in"] == "path":
            value = urllib.parse.quote(str(parameter["example"]), safe="")
            path = path.replace("{" + parameter["name"] + "}", value)
    return path


def examples(document, path, operation, parameters):
    target = path_example(document, path, parameters)
    shown = [f'<pre class="request">{curl(target)}</pre>']
    content = operation["responses"]["200"].get("content", {})
    for body in content.values():
        if "example" in body:
            shown.append(f'<pre class="answer" tabindex="0">{json_text(body["example"])}</pre>')
    for more in operation.get("x-requests", ()):
        shown.append(f"<p>{inline(more['summary'])}</p><pre class=\"request\">"
                     f"{curl(target + more['query'], more.get('headers', {}).items())}</pre>")
    return "".join(shown)


def answer(document, operation):
    content = operation["responses"]["200"]["content"].values()
    schemas = [inner_object(document, each["schema"]) for each in content]
    trees = [fields(document, each) for each in schemas if each]
    return f"<h4>Answer</h4>{''.join(trees)}" if trees else ""


def path_text(path):
    return re.sub(r"(\{\w+\})", r'<span class="variable">\1</span>', html.escape(path))


def operation_text(document, path, method, operation):
    parameters = [document.look_up(each) for each in operation.get("parameters", ())]
    parameter_rows = "".join(parameter_row(document, each) for each in parameters)
    response_rows = "".join(response_row(document, status, each)
                            for status, each in operation["responses"].items())
    identifier = operation["operationId"]
    return (
        f'<article class="operation" id="{identifier}" data-path="{attribute(path)}">'
        f'<h3>{inline(operation["summary"])} <a class="anchor" href="#{identifier}" '
        f'aria-label="Link to this operation">#</a></h3>'
        f'<p class="target"><span class="method">{method.upper()}</span> '
        f"<code>{path_text(path)}</code></p>"
        f'<div class="columns"><div>{paragraphs(operation["description"])}'
        f"<h4>Parameters</h4><table>{parameter_rows}</table>"
        f"{answer(document, operation)}"
        f"<details><summary><h4>Statuses</h4></summary><table>{response_rows}</table></details></div>"
        f'<div class="examples">{examples(document, path, operation, parameters)}</div></div>'
        "</article>")


def operations_of(document, tag):
    for path, methods in document.root["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield path, method, operation


def tag_section(document, tag):
    texts = "".join(operation_text(document, *each) for each in operations_of(document, tag["name"]))
    return (f'<section id="{tag["name"].lower()}"><h2>{tag["name"]}</h2>'
            f'{paragraphs(tag["description"])}{texts}</section>')


def errors_section(document):
    problem = document.root["components"]["schemas"]["Problem"]
    example = document.root["components"]["responses"]["BadRequest"]["content"]
    example = example["application/problem+json"]["example"]
    return ('<section id="errors"><h2>Errors</h2><div class="columns"><div>'
            "<p>Every error is <code>application/problem+json</code> (RFC 9457).</p>"
            f"{fields(document, problem)}</div><div class=\"examples\">"
            f'<pre class="answer" tabindex="0">{json_text(example)}</pre></div></div></section>')


def authentication_section(document):
    scheme = document.root["components"]["securitySchemes"]["bearer"]
    return ('<section id="authentication"><h2>Authentication</h2><p>Where the server asks for tokens '
            "(<code>--auth</code>), every request but those for this page carries a "
            f'{scheme["bearerFormat"]}:</p><pre class="request">Authorization: Bearer …</pre>'
            f'{paragraphs(scheme["description"])}<div id="token"></div></section>')


def navigation(document):
    parts = ['<li><a href="#introduction">Introduction</a></li>'
             '<li><a href="#authentication">Authentication</a></li>']
    for tag in document.root["tags"]:
        entries = "".join(
            f'<li><a href="#{operation["operationId"]}">{inline(operation["summary"])}</a></li>'
            for _, _, operation in operations_of(document, tag["name"]))
        parts.append(f'<li><a href="#{tag["name"].lower()}">{tag["name"]}</a><ul>{entries}</ul></li>')
    parts.append('<li><a href="#errors">Errors</a></li>')
    return "".join(parts)


def render(text):
    document = Document(text)
    info = document.root["info"]
    sections = "".join(tag_section(document, tag) for tag in document.root["tags"])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{info["title"]} API {info["version"]}</title>
<link rel="stylesheet" href="docs/style.css">
<link rel="icon" href="data:,">
<script src="docs/script.js" defer></script>
</head>
<body>
<nav aria-label="Contents"><details class="contents" open><summary>{info["title"]} API
<span class="version">{info["version"]}</span></summary><ul>{navigation(document)}</ul></details></nav>
<main>
<section id="introduction"><h1>{info["title"]} API</h1>
<p class="lead">{inline(info["summary"])} Version {info["version"]};
<a href="openapi.json">openapi.json</a> is this page for programs.</p>
{paragraphs(info["description"])}</section>
{authentication_section(document)}
{sections}
{errors_section(document)}
</main>
</body>
</html>
"""
