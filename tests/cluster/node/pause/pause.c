/* The process that holds the namespaces of a pod: it waits for its end and takes in orphans. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int number) { (void)number; _exit(0); }

int main(void) {
    signal(SIGINT, end);
    signal(SIGTERM, end);
    for (;;) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
        sleep(1);
    }
}
