// Package cloud owns the way to the cloud: clouds.yaml, the login, the HTTP
// transport and the calls to Block Storage. It alone imports gophercloud. It
// returns plain resources and one error type for failed calls, *Error; what is
// wrong with the configuration, and therefore the user's to mend, is a
// *ConfigError. It repeats no request that failed (package wait does),
// except once with a new token where the login has expired, and a list from its
// beginning where its marker was deleted. Redirects it follows itself, and sends
// secrets to no other host than clouds.yaml or the catalog name.
package cloud
