// Package frame is what stands around every request, before a handler sees it: the gates, which say
// where it may come from, how much of the machine its person may take, and how long a browser may
// take to send it and to read the answer.
package frame
