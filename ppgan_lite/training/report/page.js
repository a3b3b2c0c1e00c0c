"use strict";
const page = document.documentElement;
const buttons = [...document.querySelectorAll("[data-language]")];

function setLanguage(language) {
  page.lang = language;
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
}

function stored(language) {
  try { // pages of files may have no storage
    if (language) localStorage.setItem("report-language", language);
    return localStorage.getItem("report-language");
  } catch { return null; }
}

const known = buttons.map((button) => button.dataset.language);
const wished = [stored(), ...navigator.languages.map((language) => language.slice(0, 2))];
setLanguage("fixed" in page.dataset ? page.lang : wished.find((language) => known.includes(language)) || page.lang);
for (const button of buttons) {
  button.addEventListener("click", () => { stored(button.dataset.language); setLanguage(button.dataset.language); });
}

for (const previews of document.querySelectorAll(".previews")) {
  const slider = previews.querySelector("input");
  if (!slider) continue;
  const pictures = [...previews.querySelectorAll("img")];
  const at = previews.querySelector("output");
  const show = () => {
    pictures.forEach((picture, index) => { picture.hidden = index !== slider.valueAsNumber; });
    at.textContent = pictures[slider.valueAsNumber].dataset.iteration;
    slider.setAttribute("aria-valuetext", at.textContent);
  };
  slider.addEventListener("input", show);
  for (const button of previews.querySelectorAll("button")) {
    button.addEventListener("click", () => { slider.valueAsNumber += Number(button.dataset.step); show(); });
  }
  show();
}

const written = (value) => value === null ? "–" : Number(value.toPrecision(4)).toString();
for (const chart of document.querySelectorAll(".chart")) {
  const plot = chart.querySelector(".plot");
  const cursor = plot.querySelector(".cursor");
  const readout = chart.querySelector(".readout");
  const lines = JSON.parse(chart.querySelector("script").textContent);
  const iterations = [...new Set(lines.flatMap((line) => line.points.map((point) => point[0])))].sort((a, b) => a - b);
  const [left, right, last] = ["left", "right", "last"].map((name) => Number(plot.dataset[name]));
  let current = iterations.length - 1;

  function show(index) {
    current = Math.min(Math.max(index, 0), iterations.length - 1);
    const iteration = iterations[current];
    const x = left + (right - left) * iteration / Math.max(last, 1);
    cursor.setAttribute("transform", `translate(${x} 0)`);
    cursor.setAttribute("visibility", "visible");
    const parts = lines.flatMap((line) => {
      const point = line.points.find((candidate) => candidate[0] === iteration);
      if (!point) return [];
      const mean = point[1] === point[2] ? "" : ` (⌀ ${written(point[2])})`;
      return [`${lines.length > 1 ? line.name + " " : ""}${written(point[1])}${mean}`];
    });
    readout.textContent = `${iteration}: ${parts.join(", ")}`;
  }
  function hide() {
    cursor.setAttribute("visibility", "hidden");
    readout.textContent = "";
  }
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * plot.viewBox.baseVal.width;
    const wanted = (x - left) / (right - left) * last;
    let nearest = 0;
    iterations.forEach((iteration, index) => {
      if (Math.abs(iteration - wanted) < Math.abs(iterations[nearest] - wanted)) nearest = index;
    });
    show(nearest);
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: iterations.length - 1 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    show(moves[event.key]);
  });
}
