// Passkeys: a form with data-passkey asks the device for one, and is sent with what it answers. The form is hidden
// until the browser is known to have them. Its options stand in the page, or are asked of data-options.
(function () {
  "use strict";
  const has = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;

  async function optionsOf(form) {
    if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent);
    const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
    return answer.json();
  }

  async function ask(form) {
    const options = await optionsOf(form);
    if (form.dataset.passkey === "get") {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.request_options.publicKey);
      return navigator.credentials.get({ publicKey });
    }
    const asked = options.creation_options.publicKey;
    // One that signs in alone: kept by the device, and opened by its owner's finger, face or PIN.
    Object.assign(asked.authenticatorSelection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) });
  }

  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("form[data-passkey]").forEach((form) => { form.hidden = !has; });
  });

  document.addEventListener("submit", async function (event) {
    const form = event.target.closest("form[data-passkey]");
    if (!form || form.elements.credential.value) return;
    event.preventDefault();
    try {
      form.elements.credential.value = JSON.stringify((await ask(form)).toJSON());
      form.submit();
    } catch {
      form.querySelector("[data-passkey-failed]").hidden = false; // refused, or too late
    }
  });
})();
