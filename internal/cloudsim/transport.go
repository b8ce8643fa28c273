package cloudsim

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Transport returns an http.RoundTripper that reaches the cloud without a socket, so that a client
// runs in a testing/synctest bubble. Bodies are streamed, not collected; a request's handler ends at
// the latest when the answer's body is closed. Hosts other than BaseURL's, if there is one, refuse
// the connection.
func (c *Cloud) Transport() http.RoundTripper { return &transport{c} }

type transport struct{ cloud *Cloud }

// RoundTrip implements http.RoundTripper. Its errors are those of sockets: *net.OpError around
// ECONNREFUSED or ECONNRESET, or the context's.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if base, err := url.Parse(t.cloud.config.BaseURL); err != nil || base.Host != "" && base.Host != req.URL.Host {
		closeBody(req)
		return nil, refused()
	}
	ctx, cancel := context.WithCancel(req.Context())
	inner := req.Clone(ctx)
	inner.RequestURI = req.URL.RequestURI()
	inner.RemoteAddr = "127.0.0.1:1"
	inner.Proto, inner.ProtoMajor, inner.ProtoMinor = "HTTP/1.1", 1, 1
	if inner.Host == "" {
		inner.Host = req.URL.Host
	}
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	r, w := io.Pipe()
	out := &pipeWriter{header: http.Header{}, pipe: w, ready: make(chan struct{})}
	go func() {
		defer cancel()
		defer closeBody(req)
		defer func() { out.finish(recover()) }()
		t.cloud.ServeHTTP(out, inner)
	}()
	select {
	case <-out.ready:
	case <-req.Context().Done():
		cancel()
		_ = r.CloseWithError(req.Context().Err())
		return nil, context.Cause(req.Context())
	}
	if out.err != nil {
		cancel()
		return nil, out.err
	}
	stop := context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(req.Context().Err()) })
	return &http.Response{
		Status: strconv.Itoa(out.code) + " " + http.StatusText(out.code), StatusCode: out.code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.sent, ContentLength: out.declared, Request: req,
		Body: &pipeBody{PipeReader: r, close: func() { stop(); cancel() }},
	}, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

// pipeWriter is the handler's side of an answer.
type pipeWriter struct {
	header http.Header
	pipe   *io.PipeWriter
	ready  chan struct{} // closed when the client may look at what follows
	begun  sync.Once

	code     int
	sent     http.Header
	declared int64 // -1: not said
	err      error // instead of an answer

	written int64
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(code int) {
	w.begun.Do(func() {
		w.code, w.sent, w.declared = code, w.header.Clone(), -1
		w.sent.Set("Date", time.Now().UTC().Format(http.TimeFormat)) // as net/http does over sockets
		if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
			w.declared = n
		}
		close(w.ready)
	})
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	n, err := w.pipe.Write(p)
	w.written += int64(n)
	return n, err
}

// finish ends the answer, or the connection if the handler panicked.
func (w *pipeWriter) finish(panicked any) {
	if panicked != nil {
		err, isError := panicked.(error)
		switch {
		case isError && errors.Is(err, errRefused):
			err = refused()
		case isError && errors.Is(err, http.ErrAbortHandler):
			err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		default:
			panic(panicked)
		}
		w.begun.Do(func() { w.err = err; close(w.ready) })
		_ = w.pipe.CloseWithError(err)
		return
	}
	w.WriteHeader(http.StatusOK)
	if w.written < w.declared {
		_ = w.pipe.CloseWithError(io.ErrUnexpectedEOF)
		return
	}
	_ = w.pipe.Close()
}

func refused() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// pipeBody is the client's side of an answer's body.
type pipeBody struct {
	*io.PipeReader
	close func()
}

func (b *pipeBody) Close() error {
	b.close()
	return b.PipeReader.Close()
}

// sever ends the connection without an answer.
func sever(w http.ResponseWriter, kind string) {
	if _, inMemory := w.(*pipeWriter); inMemory && kind == "refuse" {
		panic(errRefused)
	}
	if hijacker, can := w.(http.Hijacker); can {
		if conn, _, err := hijacker.Hijack(); err == nil {
			if tcp, isTCP := conn.(*net.TCPConn); isTCP {
				_ = tcp.SetLinger(0) // a reset, not an orderly end
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}
