// Impostors: servers that speak Redis's protocol and are something else, made of a
// real Redis and something before it.

package redisstore_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// hangUp is what an impostor answers that closes the connection.
const hangUp = "hang up"

// impostor passes on to a Redis what answer has no answer to, in RESP2. It returns
// its address.
func impostor(t testing.TB, server *testserver.RedisServer, answer func(command []string) string) string {
	t.Helper()
	return testserver.Between(t, "", func() string { return server.Addr }, func(client, redis net.Conn) { pretend(client, redis, answer) })
}

func pretend(client, redis net.Conn, answer func([]string) string) {
	from, back := bufio.NewReader(client), bufio.NewReader(redis)
	for {
		command, raw, err := request(from)
		if err != nil {
			return
		}
		said := answer(command)
		if said == hangUp {
			return
		}
		if said == "" {
			if _, err := io.WriteString(redis, raw); err != nil {
				return
			}
			if said, err = reply(back); err != nil {
				return
			}
		}
		if _, err := io.WriteString(client, said); err != nil {
			return
		}
	}
}

// request reads a command, in words and as it came.
func request(r *bufio.Reader) (command []string, raw string, err error) {
	line, err := r.ReadString('\n')
	if err != nil || line[0] != '*' {
		return nil, "", fmt.Errorf("%q: %w", line, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	raw = line
	for range n {
		one, err := reply(r)
		if err != nil {
			return nil, "", err
		}
		raw += one
		_, word, _ := strings.Cut(one, "\r\n")
		command = append(command, strings.TrimSuffix(word, "\r\n"))
	}
	return command, raw, err
}

// reply reads one value as it came.
func reply(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	n, _ := strconv.Atoi(strings.TrimSpace(line[1:]))
	switch {
	case line[0] == '$' && n >= 0:
		text := make([]byte, n+2)
		_, err := io.ReadFull(r, text)
		return line + string(text), err
	case line[0] == '*' && n > 0:
		all := line
		for range n {
			one, err := reply(r)
			if err != nil {
				return "", err
			}
			all += one
		}
		return all, nil
	}
	return line, nil
}
