"""Signing in through somebody who knows the person already: OpenID Connect.

`providers` reads who they are from the operator's file, `asking` is the way out to them,
`discovery` keeps what they say of themselves, `protocol` is the one door to Authlib, `entering`
decides whose account it is and what role.
"""
