// Swagger UI for everyone: it follows the theme of the pages, and a plugin of its own kind, which SWAGGER_UI_SETTINGS
// names, mends the parts of its markup that keep people out.
const AccessiblePlugin = (function () {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function followTheme() {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : system.matches;
    root.classList.toggle("dark-mode", isDark);
  }

  followTheme();
  system.addEventListener("change", followTheme);

  return ({ React }) => {
    const element = React.createElement;
    const hidden = (tag, text) => element(tag, { className: "visually-hidden" }, text);
    const around = (attributes, heading) => (Original) => (props) =>
      element("div", attributes, heading && hidden("h2", heading), element(Original, props));
    // Swagger makes a landmark without a name of each table of answers, which also hides its rows: a table it shall be.
    const plainTables = (Original) => (props) => {
      const mend = (node) => node?.querySelectorAll("table[role]").forEach((table) => table.removeAttribute("role"));
      return element("div", { ref: mend }, element(Original, props));
    };
    const labelled = (nameOf) => (Original) => (props) =>
      element("label", null, hidden("span", nameOf(props)), element(Original, props));
    return {
      wrapComponents: {
        // Text alone: Swagger's link stands inside the button that opens a call. The address still names the open call.
        DeepLink: () => ({ text }) => element("span", null, text),
        // The description names one server, the one that is open: nothing to choose from.
        ServersContainer: () => () => null,
        // Landmarks, and between the title and the headings of the third level one of the second.
        InfoContainer: around({ role: "banner" }),
        operations: around({}, "Calls"),
        responses: plainTables,
        authorizationPopup: around({ role: "dialog", "aria-label": "Authorize" }, "Authorize"),
        // Names of what had none.
        JsonSchemaForm: labelled((props) => props.description),
        ExamplesSelect: labelled(() => "Example"),
        TextArea: (Original) => (props) => element(Original, { "aria-label": "Body", ...props }),
        ModelCollapse: (Original) => (props) => element(Original, { ...props, title: props.title || hidden("span", "Properties") }),
        CloseIcon: (Original) => (props) => element(React.Fragment, null, hidden("span", "Close"), element(Original, props)),
      },
    };
  };
})();
