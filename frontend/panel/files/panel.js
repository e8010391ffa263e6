// The panel's only script: news of an open page, times in the reader's words, countdowns. Pages work without it.

const language = document.documentElement.lang
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" })
const full = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" })
const UNITS = [["second", 1, 60], ["minute", 60, 3600], ["hour", 3600, 86400], ["day", 86400, Infinity]]
let ahead = 0 // milliseconds that the server's clock is ahead of ours

function tellTimes(root = document) {
  const now = Date.now() + ahead
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = Date.parse(time.dateTime)
    const seconds = Math.round((at - now) / 1000)
    const [unit, size] = UNITS.find(([, , limit]) => Math.abs(seconds) < limit)
    const said = relative.format(Math.round(seconds / size), unit)
    if (time.textContent !== said) time.textContent = said
    time.title = full.format(at)
  }
  for (const count of root.querySelectorAll("[data-until]")) {
    count.textContent = `${Math.max(0, Math.ceil((Date.parse(count.dataset.until) - now) / 1000))} s`
  }
}

// Make `old` look like `fresh` without replacing what stays: focus, open details and scrolling survive. Elements with
// a key are the same only as long as the key is, so that a press never hits a row that has moved.
function renew(old, fresh) {
  let place = old.firstChild
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted.dataset?.key
    if (key !== undefined && place?.dataset?.key !== key) {
      const known = [...old.children].find((child) => child.dataset.key === key)
      if (known) {
        old.insertBefore(known, place)
        place = known
      }
    }
    if (place === null || !alike(place, wanted)) {
      old.insertBefore(wanted.cloneNode(true), place)
      continue
    }
    if (place.nodeType === Node.ELEMENT_NODE) renewElement(place, wanted)
    else if (place.nodeValue !== wanted.nodeValue) place.nodeValue = wanted.nodeValue
    place = place.nextSibling
  }
  while (place) {
    const next = place.nextSibling
    place.remove()
    place = next
  }
}

function alike(one, other) {
  return one.nodeName === other.nodeName && one.dataset?.key === other.dataset?.key
}

function renewElement(old, fresh) {
  if (old.nodeName === "TIME" && old.dateTime === fresh.dateTime) return
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === "open" && old.nodeName === "DETAILS")) old.removeAttribute(name)
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  renew(old, fresh)
}

function show({ id, html }) {
  const part = document.getElementById(id)
  const template = document.createElement("template")
  template.innerHTML = html
  const lines = part.querySelector(".lines")
  const wasAtEnd = lines && lines.scrollHeight - lines.scrollTop - lines.clientHeight < 20
  renew(part, template.content)
  tellTimes(part)
  if (wasAtEnd) toEnd()
}

function toEnd() {
  for (const lines of document.querySelectorAll(".lines")) lines.scrollTop = lines.scrollHeight
}

const news = document.getElementById("news")

function tell(text) {
  if (!news) return
  news.hidden = !text
  news.textContent = text
}

let source = null
let isOver = false

function listen() {
  if (source || isOver || document.hidden) return
  source = new EventSource(location.pathname + location.search)
  const heard = (event) => {
    const said = JSON.parse(event.data)
    ahead = said.now - Date.now()
    return said
  }
  source.addEventListener("part", (event) => {
    tell("")
    show(heard(event))
  })
  source.addEventListener("trouble", (event) => tell(heard(event).text))
  source.addEventListener("over", () => {
    isOver = true
    leave()
  })
  source.onerror = () => {
    if (news) tell(news.dataset.lost)
    // A refusal ends it for good; whoever is to log in again sees that after a reload.
    if (source?.readyState === EventSource.CLOSED) {
      leave()
      setTimeout(listen, 10000)
    }
  }
}

function leave() {
  source?.close()
  source = null
}

tellTimes()
toEnd()
setInterval(() => tellTimes(), 1000)
// The small forms behind a button close with Escape and when something else is used.
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector(".sure[open], .make[open]")
  if (!open) return
  open.open = false
  open.querySelector("summary").focus()
})
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".make") && event.target.open) event.target.querySelector("input:not([type=hidden])").focus()
}, true)
if (document.body.hasAttribute("data-live")) {
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()))
  addEventListener("pagehide", leave)
  addEventListener("pageshow", listen)
  listen()
}
