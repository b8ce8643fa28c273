// Package cloud owns the way to the cloud: clouds.yaml, the login, the HTTP
// transport and the calls to Block Storage. It alone imports gophercloud. It
// returns plain resources and one error type for failed calls, *Error; what is
// wrong with the configuration, and therefore the user's to mend, is a
// *ConfigError. It never repeats a request (package wait does), except that an
// expired login is renewed once. Redirects it follows itself, and never to another
// host.
package cloud
