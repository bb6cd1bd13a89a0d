// What the page does without the 3D view: take the overlay away, enlarge a slice.
(() => {
  const toggle = document.getElementById("overlay-toggle");
  if (toggle) toggle.addEventListener("change", () => document.body.classList.toggle("bare", !toggle.checked));
  for (const figure of document.querySelectorAll("figure.slice")) {
    const enlarge = () => {
      figure.classList.toggle("large");
      figure.scrollIntoView({ block: "nearest" });
    };
    figure.addEventListener("click", enlarge);
    figure.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      enlarge();
    });
  }
})();
