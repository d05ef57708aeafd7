"""What is done with the widget: sites and keys, identities, enquiries, figures."""
