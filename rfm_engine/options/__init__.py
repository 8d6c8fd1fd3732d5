"""Every option, declared once as an annotated keyword; all else is read from the declarations."""
