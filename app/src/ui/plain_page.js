// What runs in the pages without a bundle: the switch between dark and light, and buttons that copy code.

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
