// Delivering in pieces, so that a connection that breaks costs one piece and not the delivery. Without this module the
// form sends its files as they are. Nothing is kept in the browser: choosing the same files again goes on with them.
const form = document.querySelector("form[data-upload]");
const TRIES = 30;
const LARGEST_HASHED = 512 * 1024 * 1024;

class Stopped extends Error {}

async function hashed(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function wait(tries) {
  return new Promise((resolve) => setTimeout(resolve, Math.min(30000, 500 * 2 ** Math.min(tries, 6))));
}

async function sent(address, options) {
  const secret = form.elements.csrfmiddlewaretoken.value;
  const headers = { "X-CSRFToken": secret, ...options.headers };
  const answer = await fetch(address, { ...options, headers, redirect: "error" });
  if (answer.status >= 500) throw new TypeError("the studio did not answer");
  if (!answer.ok && answer.status !== 409) {
    const problem = await answer.json().catch(() => ({}));
    throw new Stopped([problem.title, problem.where, problem.do].filter(Boolean).join(" ") || form.dataset.failed);
  }
  return answer;
}

// Whatever goes wrong on the way is tried again, from where the studio says it is.
async function persist(step, tell) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await step(tries);
    } catch (error) {
      if (error instanceof Stopped || tries >= TRIES) throw error;
      tell(form.dataset.waiting);
      await wait(tries);
    }
  }
}

async function announce(files, tell) {
  const listed = [];
  for (const file of files) listed.push({ name: file.name, length: file.size, sha256: await hashed(file) });
  const replaces = Number(form.elements.replaces?.value || 0);
  const body = JSON.stringify({ files: listed, ...(replaces ? { replaces } : {}) });
  const headers = { "Content-Type": "application/json" };
  const answer = await persist(() => sent(form.dataset.upload, { method: "POST", body, headers }), tell);
  const told = await answer.json();
  if (!answer.ok) throw new Stopped([told.title, told.do].filter(Boolean).join(" "));
  return told;
}

async function send(file, place, size, progress, tell) {
  let offset = place.offset;
  let asked = true;
  while (offset < place.length) {
    offset = await persist(async () => {
      if (!asked) {
        const found = await sent(place.address, { method: "HEAD" });
        offset = Number(found.headers.get("Upload-Offset"));
        if (offset >= place.length) return offset;
      }
      asked = false;
      const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
      const body = file.slice(offset, offset + size);
      const answer = await sent(place.address, { method: "PATCH", body, headers });
      if (!answer.ok) throw new TypeError("it is elsewhere by now");
      asked = true;
      return Number(answer.headers.get("Upload-Offset"));
    }, tell);
    progress(offset);
    tell(form.dataset.sending);
  }
}

async function deliver(status, bar) {
  const files = Array.from(form.elements.chosen.files);
  const tell = (text) => { if (status.textContent !== text) status.textContent = text; };
  if (files.some((file) => file.size > LARGEST_HASHED)) throw new Stopped(form.dataset.large);
  tell(form.dataset.reading);
  const made = await announce(files, tell);
  bar.max = files.reduce((sum, file) => sum + file.size, 0);
  let before = 0;
  tell(form.dataset.sending);
  for (const [index, place] of made.files.entries()) {
    await send(files[index], place, Number(form.dataset.piece), (offset) => { bar.value = before + offset; }, tell);
    before += files[index].size;
  }
  tell(form.dataset.done);
  window.location.assign(made.page);
}

if (form && window.isSecureContext && crypto.subtle) {
  const status = document.getElementById("upload-status");
  const bar = document.getElementById("upload-progress");
  form.addEventListener("submit", (event) => {
    if (!form.elements.chosen.files.length) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    bar.hidden = false;
    deliver(status, bar).catch((error) => {
      status.textContent = error instanceof Stopped ? error.message : form.dataset.failed;
      status.className = "error";
      button.disabled = false;
    });
  });
}
