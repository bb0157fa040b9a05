// The gallery's page: asks the pool for the names, shows a thumbnail of each, opens one large.
// No library, and nothing that the page's Content-Security-Policy (default-src 'self') forbids.

const LARGE_WIDTH = 1600;

// In device pixels. Two sizes and not one for every screen, so that caches are of use.
const THUMBNAIL_WIDTH = window.devicePixelRatio > 1.25 ? 960 : 480;

const byId = (id) => document.getElementById(id);

function thumbnailAddress(name, width) {
  return `/thumb/${encodeURIComponent(name)}?w=${width}`;
}

// "GreenMeadow_02.jpg" -> "Green Meadow 02"
function titleOf(name) {
  return name
    .replace(/\.[^.]+$/, "")
    .replace(/[_-]+/g, " ")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2");
}

// ---------------------------------------------------------------------------------------------
// Grid

class Tile {
  constructor(name, onOpen) {
    this.name = name;
    const fragment = byId("tile").content.cloneNode(true);
    this.element = fragment.querySelector(".tile");
    this.button = fragment.querySelector(".open");
    this.image = fragment.querySelector("img");
    this.size = fragment.querySelector(".size");
    this.failure = fragment.querySelector(".failure");

    const title = titleOf(name);
    fragment.querySelector(".name").textContent = title;
    this.button.title = name;
    this.image.alt = title;
    this.image.loading = "lazy";
    this.button.addEventListener("click", onOpen);
    const retry = fragment.querySelector(".retry");
    retry.setAttribute("aria-label", `Load ${title} again`);
    retry.addEventListener("click", () => {
      this.button.hidden = false;
      this.button.focus();
      this.load();
    });
    this.image.addEventListener("load", () => this.show("loaded"));
    this.image.addEventListener("error", () => this.show("failed"));
    this.load();
  }

  load() {
    this.show("loading");
    // A failed picture is fetched again when it is assigned again, even with the same address.
    this.image.src = thumbnailAddress(this.name, THUMBNAIL_WIDTH);
  }

  show(state) {
    this.element.dataset.state = state;
    this.failure.hidden = state !== "failed";
    this.button.hidden = state === "failed";
    if (state !== "loaded") return;
    this.image.width = this.image.naturalWidth;
    this.image.height = this.image.naturalHeight;
    this.size.textContent = `${this.image.naturalWidth} × ${this.image.naturalHeight}`;
  }
}

// ---------------------------------------------------------------------------------------------
// Lightbox: a modal <dialog>, so the browser keeps the focus inside and closes it on Escape.

class Lightbox {
  constructor() {
    this.tiles = [];
    this.current = 0;
    this.dialog = byId("lightbox");
    this.image = byId("lightbox-image");
    this.message = byId("lightbox-message");
    this.pending = null;

    byId("close").addEventListener("click", () => this.dialog.close());
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
    this.dialog.addEventListener("close", () => this.onClose());
    this.listenForSwipes();
  }

  open(index) {
    if (!this.dialog.open) this.dialog.showModal();
    this.show(index);
  }

  step(by) {
    this.show((this.current + by + this.tiles.length) % this.tiles.length);
  }

  // The thumbnail, which is there already, stands in until the large picture has been decoded.
  async show(index) {
    this.current = index;
    const tile = this.tiles[index];
    byId("lightbox-name").textContent = titleOf(tile.name);
    byId("lightbox-position").textContent = `${index + 1} of ${this.tiles.length}`;
    this.image.alt = titleOf(tile.name);
    if (tile.element.dataset.state === "loaded") {
      this.image.src = tile.image.src;
    } else {
      this.image.removeAttribute("src");
    }
    this.setState("loading", "Loading…");

    const large = new Image();
    this.drop();
    this.pending = large;
    large.src = thumbnailAddress(tile.name, LARGE_WIDTH);
    try {
      await large.decode();
      if (this.pending !== large) return;
      this.image.src = large.src;
      await this.image.decode();
      if (this.pending === large) this.setState("loaded", "");
    } catch {
      if (this.pending === large) this.setState("failed", "This photograph did not load.");
    }
  }

  setState(state, message) {
    this.dialog.dataset.state = state;
    this.message.textContent = message;
  }

  // Who moves on no longer waits for the last one: the connection is freed and the pool told.
  drop() {
    const dropped = this.pending;
    this.pending = null;
    if (dropped !== null && !dropped.complete) dropped.src = "";
  }

  onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const action = {
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      Home: () => this.show(0),
      End: () => this.show(this.tiles.length - 1),
    }[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  onClose() {
    this.drop();
    this.image.removeAttribute("src");
    const { button, element } = this.tiles[this.current];
    element.scrollIntoView({ block: "nearest" });
    if (!button.hidden) button.focus();
  }

  listenForSwipes() {
    const SHORTEST_SWIPE = 50;  // CSS pixels
    let start = null;
    this.dialog.addEventListener("touchstart", (event) => {
      start = event.touches.length === 1 ? event.touches[0].clientX : null;
    }, { passive: true });
    this.dialog.addEventListener("touchend", (event) => {
      if (start === null) return;
      const moved = event.changedTouches[0].clientX - start;
      start = null;
      if (Math.abs(moved) >= SHORTEST_SWIPE) this.step(moved > 0 ? -1 : 1);
    }, { passive: true });
  }
}

// ---------------------------------------------------------------------------------------------

async function fetchNames() {
  const response = await fetch("/photos", { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

function notify(text) {
  byId("notice-text").textContent = text;
  byId("notice").hidden = false;
}

async function start(lightbox) {
  const gallery = byId("gallery");
  const status = byId("status");
  byId("notice").hidden = true;
  gallery.setAttribute("aria-busy", "true");
  try {
    const names = await fetchNames();
    lightbox.tiles = names.map((name, index) => new Tile(name, () => lightbox.open(index)));
    gallery.replaceChildren(...lightbox.tiles.map((tile) => tile.element));
    status.textContent = names.length === 1 ? "1 photograph" : `${names.length} photographs`;
    if (names.length === 0) notify("There are no photographs in the folder yet.");
  } catch (error) {
    status.textContent = "Not available";
    notify(`The list of photographs did not load: ${error.message}.`);
  } finally {
    gallery.removeAttribute("aria-busy");
  }
}

const lightbox = new Lightbox();
byId("reload").addEventListener("click", () => start(lightbox));
start(lightbox);
