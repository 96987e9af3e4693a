// What runs in the pages without a bundle: the switch between dark and light, buttons that copy code, and times in
// the viewer's zone.

{
  const button = (className, words, label, press) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = className;
    element.textContent = words;
    element.setAttribute("aria-label", label);
    element.addEventListener("click", press);
    return element;
  };

  const root = document.documentElement;
  // The page of charts has a switch of its own, which draws them anew.
  document.querySelector(".top:not(:has(#theme))")?.append(
    button("button is-icon", "◐", "Switch between dark and light", () => {
      root.dataset.theme = root.dataset.theme === "light" ? "dark" : "light";
      try {
        localStorage.setItem("gauntlet.theme", root.dataset.theme);
      } catch {
        // A browser that stores nothing: the choice lasts as long as the page.
      }
    }),
  );

  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.textContent;
    // The Swedish way of writing dates is that of ISO 8601.
    time.textContent = at.toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short" });
  }

  for (const code of document.querySelectorAll("pre > code")) {
    const frame = document.createElement("div");
    frame.className = "code";
    code.parentElement.replaceWith(frame);
    const copy = button("copy", "Copy", "Copy this code", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        copy.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        copy.textContent = "Selected";
      }
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
    frame.append(code.parentElement, copy);
  }
}
