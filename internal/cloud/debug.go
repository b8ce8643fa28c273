package cloud

import "net/http"

func debugging(next http.RoundTripper, line func(string)) http.RoundTripper { return next }
