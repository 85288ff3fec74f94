// Package peer starts real mail servers for tests: Dovecot and Postfix on loopback and unprivileged ports, with a
// certificate authority of their own, and servers that misbehave on purpose.
package peer
