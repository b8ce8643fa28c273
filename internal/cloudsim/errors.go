package cloudsim

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// apiError is a refusal, of whichever service. It is written in one place: body and header.
type apiError struct {
	code       int
	message    string
	detail     string // follows the message on a page
	limiter    bool   // by Cinder's rate limiter
	keystone   bool   // in Keystone's form (also Cinder's when it is the token that is refused)
	html       bool   // by the web server around the service, or by Glance
	allow      string // methods; "": no header
	retryAfter int    // seconds; -1: no header
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.code, e.message) }

// refuse returns Cinder's refusal.
func refuse(code int, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...), retryAfter: -1}
}

// reject returns Keystone's refusal.
func reject(code int, message string) *apiError {
	return &apiError{code: code, message: message, keystone: true, retryAfter: -1}
}

// notRouted is what both services answer to a path or a method that they do not have.
func notRouted() *apiError {
	return &apiError{code: http.StatusNotFound, message: "The resource could not be found.", html: true, retryAfter: -1}
}

// unavailable is the web framework's explanation of 503.
const unavailable = "The server is currently unavailable. Please try again at a later time."

// unauthorized is Keystone's answer to a login, and every service's to a token, that is not good.
func unauthorized() *apiError {
	return reject(http.StatusUnauthorized, "The request you have made requires authentication.")
}

func notFound(kind, id string) *apiError {
	return refuse(http.StatusNotFound, "%s %s could not be found.", kind, id)
}

func forbidden(action string) *apiError {
	return refuse(http.StatusForbidden, "Policy doesn't allow %s to be performed.", action)
}

func malformed(format string, args ...any) *apiError {
	return refuse(http.StatusBadRequest, format, args...)
}

// tooNew is the answer to an action that the microversion asked for does not have yet.
func tooNew() *apiError {
	return refuse(http.StatusNotFound, "The resource could not be found.")
}

// overQuota says Retry-After: 0, as Cinder does, although repeating does not help.
func overQuota(format string, args ...any) *apiError {
	e := refuse(http.StatusRequestEntityTooLarge, format, args...)
	e.retryAfter = 0
	return e
}

// page is a refusal by Glance or the web server around Cinder, in the form that the client accepts.
func (e *apiError) page(header http.Header, accept string) *answer {
	title, form, page := fmt.Sprintf("%d %s", e.code, http.StatusText(e.code)), "text/plain", "%[1]s\n\n%[2]s\n\n %[3]s  "
	switch {
	case strings.Contains(accept, "html") || strings.Contains(accept, "*/*"):
		form = "text/html"
		page = "<html>\n <head>\n  <title>%[1]s</title>\n </head>\n <body>\n  <h1>%[1]s</h1>\n  %[2]s<br /><br />\n%[3]s\n\n\n </body>\n</html>"
	case strings.Contains(accept, "json"):
		header.Set("Content-Type", "application/json")
		return &answer{code: e.code, header: header, body: object{"message": e.message + "<br /><br />\n" + e.detail + "\n\n", "code": title, "title": http.StatusText(e.code)}}
	}
	header.Set("Content-Type", form+"; charset=UTF-8")
	return &answer{code: e.code, header: header, raw: fmt.Appendf(nil, page, title, e.message, e.detail)}
}

// answer turns the refusal into what is sent.
func (e *apiError) answer(r *call) *answer {
	header := http.Header{}
	if e.retryAfter >= 0 {
		header.Set("Retry-After", strconv.Itoa(e.retryAfter))
	}
	if e.allow != "" {
		header.Set("Allow", e.allow)
	}
	if e.keystone && e.code == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", fmt.Sprintf("Keystone uri=%q", r.base+identityPath+"/v3"))
	}
	if e.html {
		return e.page(header, r.Header.Get("Accept"))
	}
	if e.keystone {
		return &answer{code: e.code, header: header, body: object{
			"error": object{"code": e.code, "message": e.message, "title": http.StatusText(e.code)}}}
	}
	if e.limiter {
		return &answer{code: e.code, header: header, body: object{"overLimitFault": object{"code": e.code, "message": e.message,
			"details": fmt.Sprintf("Only 1 %s request(s) can be made to * every MINUTE.", r.Method)}}}
	}
	fault := object{"code": e.code, "message": e.message}
	if e.code == http.StatusRequestEntityTooLarge && e.retryAfter >= 0 {
		fault["retryAfter"] = strconv.Itoa(e.retryAfter)
	}
	return &answer{code: e.code, header: header, body: object{faultName(e.code): fault}}
}

// faultName is the key that Cinder puts an error of that status under.
func faultName(code int) string {
	names := map[int]string{400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
		409: "conflictingRequest", 413: "overLimit", 415: "badMediaType", 501: "notImplemented", 503: "serviceUnavailable"}
	return cmp.Or(names[code], "computeFault")
}
