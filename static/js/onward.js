// A form that only leads on is sent by itself; without JavaScript it has its button.
export default (form) => form.requestSubmit();
