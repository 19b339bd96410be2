// Command apiserver is the part of a Kubernetes API server that leader election needs. It
// keeps Leases in etcd, as the real one does: the resourceVersion of a Lease is the
// revision of its key, an update names the one that it is based on, and an update of an
// outdated one is a conflict. It has no authentication, no admission, no validation and no
// cache, so it is faster than a real one.
//
//	apiserver ETCD_ENDPOINT
//
// It prints its address, and runs until its stdin ends. GET /reads-and-writes has the
// numbers of requests so far.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	coordination "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d arguments: want ETCD_ENDPOINT", len(args))
	}
	etcd, err := clientv3.New(clientv3.Config{Endpoints: args, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer etcd.Close()
	s := &server{etcd: etcd}
	mux := http.NewServeMux()
	const leases = "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
	mux.HandleFunc("GET "+leases+"/{name}", s.answer(&s.reads, s.get))
	mux.HandleFunc("POST "+leases, s.answer(&s.writes, s.create))
	mux.HandleFunc("PUT "+leases+"/{name}", s.answer(&s.writes, s.update))
	mux.HandleFunc("GET /reads-and-writes", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, s.reads.Load(), s.writes.Load())
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	err = (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}

type server struct {
	etcd          *clientv3.Client
	reads, writes atomic.Int64
}

var resource = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

func key(namespace, name string) string { return "/registry/leases/" + namespace + "/" + name }

// answer counts a request, and writes its Lease or its error.
func (s *server) answer(count *atomic.Int64, do func(r *http.Request) (*coordination.Lease, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		lease, err := do(r)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			var status *apierrors.StatusError
			if !errors.As(err, &status) {
				status = apierrors.NewInternalError(err)
			}
			status.ErrStatus.APIVersion, status.ErrStatus.Kind = "v1", "Status"
			w.WriteHeader(int(status.ErrStatus.Code))
			_ = json.NewEncoder(w).Encode(status.ErrStatus)
			return
		}
		lease.APIVersion, lease.Kind = "coordination.k8s.io/v1", "Lease"
		_ = json.NewEncoder(w).Encode(lease)
	}
}

func (s *server) get(r *http.Request) (*coordination.Lease, error) {
	name := r.PathValue("name")
	found, err := s.etcd.Get(r.Context(), key(r.PathValue("namespace"), name))
	if err != nil {
		return nil, err
	}
	if len(found.Kvs) == 0 {
		return nil, apierrors.NewNotFound(resource, name)
	}
	lease := new(coordination.Lease)
	if err := json.Unmarshal(found.Kvs[0].Value, lease); err != nil {
		return nil, err
	}
	lease.ResourceVersion = strconv.FormatInt(found.Kvs[0].ModRevision, 10)
	return lease, nil
}

func (s *server) create(r *http.Request) (*coordination.Lease, error) {
	lease, err := body(r)
	if err != nil {
		return nil, err
	}
	lease.Namespace = r.PathValue("namespace")
	lease.UID, lease.CreationTimestamp = types.UID(key(lease.Namespace, lease.Name)), metav1.Now()
	if stored, err := s.put(r, lease, 0); err != nil || stored {
		return lease, err
	}
	return nil, apierrors.NewAlreadyExists(resource, lease.Name)
}

func (s *server) update(r *http.Request) (*coordination.Lease, error) {
	lease, err := body(r)
	if err != nil {
		return nil, err
	}
	based, err := strconv.ParseInt(lease.ResourceVersion, 10, 64)
	if err != nil || based < 1 {
		return nil, apierrors.NewBadRequest("resourceVersion: want that of the Lease that was read")
	}
	if stored, err := s.put(r, lease, based); err != nil || stored {
		return lease, err
	}
	return nil, apierrors.NewConflict(resource, lease.Name, errors.New("the Lease has changed"))
}

// put stores a Lease if its key has the given revision still; 0 is that of no key.
func (s *server) put(r *http.Request, lease *coordination.Lease, based int64) (stored bool, err error) {
	lease.ResourceVersion = ""
	data, err := json.Marshal(lease)
	if err != nil {
		return false, err
	}
	k := key(lease.Namespace, lease.Name)
	done, err := s.etcd.Txn(r.Context()).If(clientv3.Compare(clientv3.ModRevision(k), "=", based)).Then(clientv3.OpPut(k, string(data))).Commit()
	if err != nil {
		return false, err
	}
	lease.ResourceVersion = strconv.FormatInt(done.Header.Revision, 10)
	return done.Succeeded, nil
}

func body(r *http.Request) (*coordination.Lease, error) {
	lease := new(coordination.Lease)
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(lease); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return lease, nil
}
