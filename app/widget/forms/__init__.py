"""Forms of the widget: what staff say of a site, what somebody asks from its pages."""
