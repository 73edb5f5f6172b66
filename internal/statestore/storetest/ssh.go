// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/kratix-tools/kratix/internal/api"
)

// An SSH is an SSH server that lets one key read the repository of a [Git].
type SSH struct {
	URL        string // of the repository, with ssh
	PrivateKey []byte // in PEM form
	KnownHosts []byte // the key of the server, as ssh-keyscan prints it

	git      *Git
	host     ssh.PublicKey
	config   *ssh.ServerConfig
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// NewSSH starts an SSH server for the repository of g.
func NewSSH(g *Git) (*SSH, error) {
	user, private, err := newKey()
	if err != nil {
		return nil, err
	}
	host, _, err := newKey()
	if err != nil {
		return nil, err
	}
	s := &SSH{PrivateKey: private, git: g, host: host.PublicKey(), config: &ssh.ServerConfig{PublicKeyCallback: only(user.PublicKey())}}
	s.config.AddHostKey(host)
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.URL = "ssh://git@" + s.Address() + g.Repo
	s.KnownHosts = s.KnownAs(s.Address())
	s.running.Go(s.accept)
	return s, nil
}

// Address is the host and port of the server.
func (s *SSH) Address() string { return s.listener.Addr().String() }

// KnownAs is a line of known hosts that has the server by another address.
func (s *SSH) KnownAs(address string) []byte {
	return []byte(knownhosts.Line([]string{address}, s.host) + "\n")
}

// Secret is what the Secret of a state store holds.
func (s *SSH) Secret() map[string][]byte {
	return map[string][]byte{"sshPrivateKey": s.PrivateKey, "knownHosts": s.KnownHosts}
}

// Spec is a state store on branch main of the repository.
func (s *SSH) Spec() api.GitStateStoreSpec {
	return api.GitStateStoreSpec{URL: s.URL, Branch: "main", AuthMethod: "ssh", SecretRef: &api.SecretRef{Name: "git", Namespace: "default"}}
}

// Close ends the server and all connections.
func (s *SSH) Close() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func newKey() (ssh.Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, nil, err
	}
	signer, err := ssh.NewSignerFromKey(private)
	return signer, pem.EncodeToMemory(block), err
}

func only(user ssh.PublicKey) func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
	return func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(key.Marshal(), user.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}
}

func (s *SSH) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		s.running.Go(func() { s.serve(conn) })
	}
}

func (s *SSH) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	s.running.Go(func() { ssh.DiscardRequests(requests) })
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() { s.session(channel, requests) })
	}
}

// session runs git-upload-pack for the repository, and nothing else.
func (s *SSH) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer func() { _ = channel.Close() }()
	environment := os.Environ()
	for request := range requests {
		switch request.Type {
		case "env":
			var variable struct{ Name, Value string }
			if ssh.Unmarshal(request.Payload, &variable) == nil && variable.Name == "GIT_PROTOCOL" {
				environment = append(environment, "GIT_PROTOCOL="+variable.Value)
			}
			_ = request.Reply(true, nil)
		case "exec":
			var command struct{ Line string }
			known := ssh.Unmarshal(request.Payload, &command) == nil && command.Line == "git-upload-pack '"+s.git.Repo+"'"
			_ = request.Reply(true, nil)
			status := struct{ Code uint32 }{s.uploadPack(channel, environment, known)}
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status))
			return
		default:
			_ = request.Reply(false, nil)
		}
	}
}

func (s *SSH) uploadPack(channel ssh.Channel, environment []string, known bool) uint32 {
	if !known {
		_, _ = channel.Stderr().Write([]byte("fatal: repository not found\n"))
		return 128
	}
	cmd := exec.Command("git", "upload-pack", s.git.Repo)
	cmd.Env = append(environment, "LC_ALL=C")
	in, err := cmd.StdinPipe()
	if err != nil {
		return 1
	}
	cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
	if cmd.Start() != nil {
		return 1
	}
	s.running.Go(func() {
		_, _ = io.Copy(in, channel)
		_ = in.Close()
	})
	if cmd.Wait() != nil {
		return 1
	}
	return 0
}
