"use strict";

const TEXTS = {
  en: {
    title: "Photos into paintings", api: "For programs", drop: "Drop a photo here", choose: "or click to choose one",
    compare: "Compare", styles: "Style", paintingFile: "Painting", strength: "Strength", keepColors: "Keep the photo's colors",
    download: "Download", another: "Another photo", painting: "Painting…", noAnswer: "The service does not answer. Is it still running?",
    tooLarge: "This file has more than {mb} MB. Scale the photo down, or save it as JPEG", again: "The service is busy; trying again in {s} s…",
    notShown: "The browser cannot show this kind of file, but the service may read it",
    photoOf: "The photo", resultOf: "The result",
  },
  zh: {
    title: "照片变画作", api: "程序接口", drop: "把照片拖到这里", choose: "或点击选择一张",
    compare: "对比", styles: "风格", paintingFile: "画作", strength: "强度", keepColors: "保留照片的颜色",
    download: "下载", another: "换一张照片", painting: "正在绘制…", noAnswer: "服务没有应答，它还在运行吗？",
    tooLarge: "文件超过 {mb} MB。请缩小照片，或另存为 JPEG", again: "服务繁忙，{s} 秒后重试……",
    notShown: "浏览器无法显示这种文件，但服务也许能读取",
    photoOf: "照片", resultOf: "结果",
  },
};
const language = (navigator.languages || [navigator.language]).map((tag) => tag.slice(0, 2)).find((tag) => tag in TEXTS) || "en";
const text = (key, values = {}) => TEXTS[language][key].replace(/{(\w+)}/g, (_, name) => values[name]);
const inLanguage = (words) => words[language] || words.en || "";
const find = (id) => document.getElementById(id);

const state = { photo: null, painting: null, styles: [], limit: Infinity, request: null, urls: {} };

function show(id, isShown) { find(id).hidden = !isShown; }

function tell(message) {
  find("error").textContent = message;
  show("error", Boolean(message));
}

function setPicture(id, blob) {
  URL.revokeObjectURL(state.urls[id]);
  state.urls[id] = blob && URL.createObjectURL(blob);
  if (blob) find(id).src = state.urls[id];
  return state.urls[id];
}

function setSplit(percent) {
  find("pictures").style.setProperty("--split", `${percent}%`);
  show("edge", percent > 0 && percent < 100 && !find("after").hidden);
}

function clearResult() {
  show("after", false);
  setSplit(find("compare").value = 0);
  show("compare-row", false);
  find("download").removeAttribute("href");
  find("download").setAttribute("aria-disabled", "true");
}

function fits(file) {
  if (file.size <= state.limit) return true;
  tell(text("tooLarge", { mb: state.limit / 1e6 }));
  return false;
}

function choosePhoto(file) {
  if (!file || !fits(file)) return;
  state.photo = file;
  find("stage").dataset.state = "photo";
  clearResult();
  tell("");
  setPicture("before", file);
  show("pictures", true);
  paint();
}

function chosenStyle() {
  const chosen = document.querySelector("#styles input:checked");
  return chosen && state.styles.find((style) => style.name === chosen.value);
}

async function paint() {
  const style = chosenStyle();
  show("painting-row", Boolean(style && style.needs_painting));
  state.request?.abort();
  show("busy", false);
  if (!state.photo || !style || (style.needs_painting && !state.painting)) return;
  const request = state.request = new AbortController();
  const form = new FormData();
  form.set("style", style.name);
  form.set("strength", find("strength").value / 100);
  form.set("keep_colors", find("keep").checked);
  if (style.needs_painting) form.set("painting", state.painting);
  form.set("photo", state.photo);
  tell("");
  show("busy", true);
  try {
    const answer = await ask(form, request);
    if (request.signal.aborted) return;
    if (!answer.ok) throw new Error((await answer.json()).error);
    await showResult(await answer.blob(), answer.headers.get("Content-Disposition") || "", request);
  } catch (error) {
    if (!request.signal.aborted) tell(error instanceof TypeError ? text("noAnswer") : error.message);
  } finally {
    if (state.request === request) show("busy", false);
  }
}

async function ask(form, request) {
  for (;;) {
    const answer = await fetch("stylize", { method: "POST", body: form, signal: request.signal });
    if (answer.status !== 429) return answer;
    for (let seconds = Number(answer.headers.get("Retry-After")) || 1; seconds > 0; seconds -= 1) {
      tell(text("again", { s: seconds }));
      await new Promise((done) => setTimeout(done, 1000));
      if (request.signal.aborted) return answer;
    }
    tell("");
  }
}

async function showResult(blob, disposition, request) {
  const address = URL.createObjectURL(blob);
  const picture = new Image();
  picture.src = address;
  const isShown = await picture.decode().then(() => true, () => false);
  URL.revokeObjectURL(address);
  if (request.signal.aborted) return;
  const link = find("download");
  link.href = setPicture("after", blob);
  link.download = decodeURIComponent(disposition.split("''")[1] || "painted");
  link.setAttribute("aria-disabled", "false");
  show("after", isShown);
  show("compare-row", isShown);
  setSplit(find("compare").value);
}

function addStyle(style) {
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: style.name });
  const picture = document.createElement(style.thumbnail ? "img" : "span");
  if (style.thumbnail) Object.assign(picture, { src: style.thumbnail, alt: "", loading: "lazy" });
  else Object.assign(picture, { className: "none", textContent: style.needs_painting ? "+" : "…" });
  const title = Object.assign(document.createElement("b"), { textContent: inLanguage(style.title) });
  const artist = Object.assign(document.createElement("small"), { textContent: inLanguage(style.artist) });
  radio.addEventListener("change", paint);
  label.append(radio, picture, title, artist);
  find("styles").append(label);
}

async function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = text("title");
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  find("before").alt = text("photoOf");
  find("after").alt = text("resultOf");
  find("before").addEventListener("error", () => { show("pictures", false); find("stage").dataset.state = "empty"; tell(text("notShown")); });
  find("photo").addEventListener("change", (event) => { choosePhoto(event.target.files[0]); event.target.value = ""; });
  find("painting").addEventListener("change", (event) => {
    const file = event.target.files[0];
    if (file && fits(file)) { state.painting = file; paint(); }
  });
  find("keep").addEventListener("change", paint);
  find("strength").addEventListener("input", (event) => { find("amount").textContent = `${event.target.value} %`; });
  find("strength").addEventListener("change", paint);
  find("compare").addEventListener("input", (event) => setSplit(Number(event.target.value)));
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); document.body.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    choosePhoto(event.dataTransfer.files[0]);
  });
  try {
    const offer = await (await fetch("styles")).json();
    state.styles = offer.styles;
    state.limit = offer.upload_bytes;
    offer.styles.forEach(addStyle);
  } catch {
    tell(text("noAnswer"));
  }
}

start();
