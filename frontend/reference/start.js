SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  // Without this the page asks a validator on the internet about the document.
  validatorUrl: null,
  persistAuthorization: false,
});
