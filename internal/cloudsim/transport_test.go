package cloudsim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// A client's deadlines strike at their virtual second, with the errors that sockets give, and no
// handler outlives the bubble.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := cloudsim.New(cloudsim.Config{Latency: time.Hour})
		begin := time.Now()
		client := http.Client{Transport: cloud.Transport(), Timeout: 3 * time.Second}
		_, err := client.Get(base + "/identity/v3")
		var timeout *url.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(begin) != 3*time.Second {
			t.Errorf("Client.Timeout: %v after %v", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", base+"/identity/v3", nil)
		if _, err := (&http.Client{Transport: cloud.Transport()}).Do(req); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 8*time.Second {
			t.Errorf("deadline: %v after %v", err, time.Since(begin))
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		req, _ = http.NewRequestWithContext(ctx, "POST", base+"/identity/v3/auth/tokens", strings.NewReader("{}"))
		if _, err := (&http.Client{Transport: cloud.Transport()}).Do(req); !errors.Is(err, context.Canceled) || time.Since(begin) != 9*time.Second {
			t.Errorf("cancelled: %v after %v", err, time.Since(begin))
		}
		if log := cloud.Log(); len(log) != 3 || log[2].Status != 0 || string(log[2].Body) != "{}" {
			t.Errorf("log: %+v", log)
		}
	})
}

// An answer that is never read does not keep its handler.
func TestUnreadBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := http.Client{Transport: cloudsim.New(cloudsim.Config{}).Transport()}
		resp, err := client.Get(base + "/identity/v3")
		if err != nil {
			t.Fatal(err)
		}
		if resp.ContentLength <= 0 || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("answered %v", resp)
		}
		resp.Body.Close()
		synctest.Wait()
	})
}

// A context that ends while a body is read ends the reading.
func TestCancelledBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		req, _ := http.NewRequestWithContext(ctx, "GET", base+"/identity/v3", nil)
		resp, err := (&http.Client{Transport: cloudsim.New(cloudsim.Config{}).Transport()}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		cancel()
		synctest.Wait()
		if _, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
			t.Errorf("reading: %v", err)
		}
	})
}

func TestOtherHostsRefuse(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{BaseURL: "http://here"})
	client := http.Client{Transport: cloud.Transport()}
	if _, err := client.Get("http://there/identity/v3"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("another host: %v", err)
	}
	resp, err := client.Get("http://here/identity/v3")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}
