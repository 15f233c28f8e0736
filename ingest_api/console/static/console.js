// Uploads each photo, asks for a variant of it, and shows both. Text from outside is only ever set as text.

const POLL = { firstMs: 150, factor: 1.4, longestMs: 3000 };
const SERVICE_MS = 10000;
const WORDS = { uploading: "Uploading", pending: "Waiting", processing: "Working", completed: "Done", failed: "Failed" };
const $ = (selector, within = document) => within.querySelector(selector);
const options = $("#options");
const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

class Refusal extends Error {} // what the API answered; its message is the API's own sentence

async function call(path, request) {
  const response = await fetch(path, request).catch(() => { throw new Error("The service does not answer."); });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const Kind = response.status < 500 ? Refusal : Error;
    throw new Kind(body.error ?? `The service answered ${response.status} without saying why.`);
  }
  return body;
}

const post = (path, body, headers = {}) => call(path, { method: "POST", body, headers });

function chosen() {
  const { format, maxDimension, quality, keepMetadata } = options.elements;
  return {
    ...(format.value && { format: format.value }),
    ...(maxDimension.value && { maxDimension: Number(maxDimension.value) }),
    quality: Number(quality.value),
    keepMetadata: keepMetadata.checked,
  };
}

function size(bytes) {
  const [value, unit] = bytes < 1e3 ? [bytes, "B"] : bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })}\u00a0${unit}`;
}

function described(image) {
  const format = $(`option[value="${image.format}"]`, options)?.textContent ?? image.format.toUpperCase();
  return `${image.width}\u00a0×\u00a0${image.height} · ${format} · ${size(image.byteSize)}`;
}

class Job {
  constructor(file) {
    this.file = file;
    this.card = $("#job").content.cloneNode(true).firstElementChild;
    $("h2", this.card).textContent = file.name;
    $("button", this.card).addEventListener("click", () => this.run());
    this.show("original", URL.createObjectURL(file), size(file.size), `${file.name}, the original`);
    $("#jobs").prepend(this.card);
  }

  async run() {
    if (this.busy) return;
    const wanted = chosen(); // now: the options may change while the photo is on its way
    this.begin();
    try {
      this.original ??= await this.upload();
      $(".original span", this.card).textContent = described(this.original);
      const job = await post("/api/v1/job", JSON.stringify({ originalID: this.original.id, options: [wanted] }),
        { "Content-Type": "application/json" });
      await this.follow(job);
    } catch (error) {
      this.fail(error.message);
      if (error instanceof Refusal && !this.original) return; // the same file would be refused again
    }
    this.be({ busy: false });
    $("footer", this.card).hidden = false;
  }

  async upload() {
    this.state("uploading");
    const form = new FormData();
    form.append("file", this.file);
    return (await post("/api/v1/images", form))[0];
  }

  async follow(job) {
    for (let wait = POLL.firstMs; ; wait = Math.min(wait * POLL.factor, POLL.longestMs)) {
      this.state(job.status);
      if (job.status === "failed") return this.fail(job.reason);
      if (job.status === "completed") return this.finish(await call(`/api/v1/image/${job.tasks[0].variantID}/metadata`));
      await pause(wait);
      job = await call(`/api/v1/job/${job.id}`).catch((error) => {
        if (error instanceof Refusal) throw error;
        this.complain(error.message); // the job goes on without us; what it has become is told when the API is back
        return job;
      });
    }
  }

  finish(variant) {
    const ratio = variant.byteSize / this.original.byteSize;
    const saved = ratio <= 1 ? `${Math.round(100 * (1 - ratio))} % smaller` : `${Math.round(100 * (ratio - 1))} % larger`;
    const download = $(".download", this.card);
    this.complain("");
    this.show("variant", `/image/${variant.id}`, described(variant), `${this.file.name}, the variant`);
    $(".saved", this.card).textContent = saved;
    $(".bar i", this.card).style.inlineSize = `${Math.min(100, 100 * ratio)}%`;
    download.href = `/image/${variant.id}`;
    download.download = `${variant.originalName}.${variant.format}`;
    download.setAttribute("aria-label", `Download the variant of ${this.file.name}`);
    $("#news").textContent = `${this.file.name}: done, ${saved}`;
  }

  fail(reason) {
    this.state("failed");
    this.complain(reason);
    $("#news").textContent = `${this.file.name}: failed. ${reason}`;
  }

  begin() {
    this.be({ busy: true });
    this.complain("");
    $(".variant img", this.card).hidden = true;
    $(".variant span", this.card).textContent = "";
  }

  be({ busy }) {
    this.busy = busy;
    $("button", this.card).setAttribute("aria-disabled", busy); // not disabled: it must keep the keyboard's focus
  }

  complain(reason) {
    $(".error", this.card).textContent = reason;
    $(".error", this.card).hidden = !reason;
  }

  show(which, url, caption, alt) {
    const picture = $(`.${which} img`, this.card);
    picture.onload = () => URL.revokeObjectURL(url);
    picture.onerror = () => { picture.hidden = true; }; // a format that this browser does not show, such as TIFF
    Object.assign(picture, { src: url, alt, hidden: false });
    $(`.${which} span`, this.card).textContent = caption;
  }

  state(status) {
    this.card.dataset.state = status;
    $(".state", this.card).textContent = WORDS[status] ?? status;
  }
}

function take(files) {
  if (!options.reportValidity()) return;
  for (const file of files) new Job(file).run();
}

async function tellService() {
  const answer = await fetch("/readyz").then((response) => response.json()).catch(() => null);
  const parts = Object.entries(answer?.dependencies ?? {}).map(([name, health]) => `${name} ${health}`);
  if (answer?.outbox) parts.push(`outbox ${answer.outbox}`);
  const text = answer?.dependencies ? `Service ${answer.status}: ${parts.join(", ")}` : "The service does not answer";
  $("#service").dataset.ready = answer?.status === "ready";
  if ($("#service").textContent !== text) $("#service").textContent = text; // announced when it changes, not every time
  setTimeout(tellService, SERVICE_MS);
}

$("#photos").addEventListener("change", ({ target }) => { take(target.files); target.value = ""; });
$("#quality").addEventListener("input", ({ target }) => { $("output", options).textContent = target.value; });
options.addEventListener("submit", (event) => event.preventDefault());
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files);
  });
}
tellService();
