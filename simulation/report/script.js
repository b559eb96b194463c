"use strict";
const byId = (id) => document.getElementById(id);
const timeline = byId("timeline");
const duration = Number(timeline.dataset.duration) || 1;
const scroller = timeline.parentElement;

// Tips: by mouse, by keyboard and by touch.
const tip = byId("tip");
const showTip = (event) => {
  const target = event.target.closest?.("[data-tip]");
  tip.hidden = !target;
  if (!target) return;
  tip.textContent = target.dataset.tip;
  const box = target.getBoundingClientRect();
  const x = event.clientX || box.left + box.width / 2;
  tip.style.left = `${Math.max(8, Math.min(x - tip.offsetWidth / 2, innerWidth - tip.offsetWidth - 8))}px`;
  const above = box.top - tip.offsetHeight - 8;
  tip.style.top = `${above > 4 ? above : box.bottom + 8}px`;
};
for (const kind of ["pointermove", "pointerdown", "focusin"]) document.addEventListener(kind, showTip);
document.addEventListener("scroll", () => { tip.hidden = true; }, true);

// Zoom keeps the middle of what is seen where it is.
let zoom = 1;
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => {
    const middle = (scroller.scrollLeft + scroller.clientWidth / 2) / scroller.scrollWidth;
    const whole = scroller.clientWidth / 900;
    const wanted = Math.max(zoom, Math.min(1, whole)) * (Number(button.dataset.zoom) > 0 ? 2 : 0.5);
    zoom = Math.max(Math.min(1, whole), Math.min(16, wanted));
    timeline.style.setProperty("--zoom", zoom);
    scroller.scrollLeft = middle * scroller.scrollWidth - scroller.clientWidth / 2;
  });
}

const audio = byId("audio");
if (audio) {
  const play = byId("play");
  const lines = [...document.querySelectorAll(".transcript [data-at]")];
  const seek = (secs) => {
    audio.currentTime = Math.max(0, Math.min(duration, secs));
    document.body.classList.add("heard");
    show();
  };
  const show = () => {
    byId("head").style.left = `${(100 * audio.currentTime) / duration}%`;
    const secs = Math.floor(audio.currentTime);
    byId("now").textContent = `${Math.floor(secs / 60)}:${String(secs % 60).padStart(2, "0")}`;
    const current = lines.filter((line) => Number(line.dataset.at) <= audio.currentTime + 0.05).pop();
    for (const line of lines) line.classList.toggle("now", line === current && !audio.paused);
    if (audio.paused) return;
    const x = (timeline.offsetWidth * audio.currentTime) / duration - scroller.scrollLeft;
    if (x < 0 || x > scroller.clientWidth) scroller.scrollLeft += x - 40;
    requestAnimationFrame(show);
  };
  play.addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
  for (const kind of ["play", "pause", "ended"]) {
    audio.addEventListener(kind, () => {
      play.classList.toggle("playing", !audio.paused);
      document.body.classList.add("heard");
      show();
    });
  }
  audio.addEventListener("error", () => { play.hidden = true; });
  timeline.addEventListener("click", (event) => {
    const box = timeline.getBoundingClientRect();
    seek((duration * (event.clientX - box.left)) / box.width);
  });
  for (const line of lines) {
    line.querySelector(".seek").addEventListener("click", () => {
      seek(Number(line.dataset.at) - 0.1);
      audio.play();
    });
  }
}
