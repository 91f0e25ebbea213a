// JCTools' bounded queue, MpmcArrayQueue, for `bench:peers queues`. A line in, a line out:
//
//     run PRODUCERS CONSUMERS BATCH ITEMS  →  nanoseconds, items taken, their sum
//
// Producers push 0 … ITEMS − 1 between them; consumers pop until all is taken. With BATCH above 1 by
// the queue's own `fill` and `drain` of so many. What is pushed is boxed before the clock starts: the
// queue holds references. Who finds it full, or empty, backs off as crossbeam's Backoff does: 1, 2, 4
// … 64 pauses, then the processor is given away.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.jctools.queues.MpmcArrayQueue;

public final class Queue {
  private static final int CAPACITY = 1024;
  /** Runs before the first that is answered, so that it is compiled. */
  private static final int WARM = 20;

  private static Long[] boxed = new Long[0];

  private static final class Backoff {
    private int step;

    void reset() {
      step = 0;
    }

    void snooze() {
      if (step > 6) {
        Thread.yield();
        return;
      }
      for (int i = 0; i < 1 << step; i++) Thread.onSpinWait();
      step++;
    }
  }

  private static final class Producer extends Thread {
    private final Run run;
    private final int to;
    private int next;
    long began;

    Producer(Run run, int from, int to) {
      this.run = run;
      this.next = from;
      this.to = to;
    }

    @Override
    public void run() {
      run.await();
      began = System.nanoTime();
      if (run.batch == 1) one();
      else many();
      run.producing.decrementAndGet();
    }

    private void one() {
      Backoff backoff = new Backoff();
      for (; next < to; next++) {
        backoff.reset();
        while (!run.queue.offer(boxed[next])) backoff.snooze();
      }
    }

    private void many() {
      Backoff backoff = new Backoff();
      while (next < to) {
        if (run.queue.fill(() -> boxed[next++], Math.min(run.batch, to - next)) > 0) backoff.reset();
        else backoff.snooze();
      }
    }
  }

  private static final class Consumer extends Thread {
    private final Run run;
    long count;
    long sum;
    long ended;

    Consumer(Run run) {
      this.run = run;
    }

    @Override
    public void run() {
      run.await();
      Backoff backoff = new Backoff();
      while (true) {
        // Read before the look: with nobody producing then, an empty queue stays empty.
        boolean over = run.producing.get() == 0;
        while (run.batch == 1 ? one() : run.queue.drain(this::take, run.batch) > 0) backoff.reset();
        if (over) break;
        backoff.snooze();
      }
      ended = System.nanoTime();
    }

    private boolean one() {
      Long item = run.queue.poll();
      if (item == null) return false;
      take(item);
      return true;
    }

    private void take(Long item) {
      count++;
      sum += item;
    }
  }

  private static final class Run {
    final MpmcArrayQueue<Long> queue = new MpmcArrayQueue<>(CAPACITY);
    final AtomicInteger producing;
    final CyclicBarrier start;
    final int batch;

    Run(int producers, int consumers, int batch) {
      this.producing = new AtomicInteger(producers);
      this.start = new CyclicBarrier(producers + consumers);
      this.batch = batch;
    }

    void await() {
      try {
        start.await();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Time from the first start to the last end, items, and their sum. */
  private static String run(int producers, int consumers, int batch, int items) throws Exception {
    Run run = new Run(producers, consumers, batch);
    Producer[] puts = new Producer[producers];
    Consumer[] takes = new Consumer[consumers];
    for (int p = 0; p < producers; p++) {
      int from = (int) ((long) items * p / producers);
      puts[p] = new Producer(run, from, (int) ((long) items * (p + 1) / producers));
      puts[p].start();
    }
    for (int c = 0; c < consumers; c++) {
      takes[c] = new Consumer(run);
      takes[c].start();
    }
    long began = Long.MAX_VALUE;
    long ended = Long.MIN_VALUE;
    long count = 0;
    long sum = 0;
    for (Producer producer : puts) {
      producer.join();
      began = Math.min(began, producer.began);
    }
    for (Consumer consumer : takes) {
      consumer.join();
      ended = Math.max(ended, consumer.ended);
      count += consumer.count;
      sum += consumer.sum;
    }
    return (ended - began) + " " + count + " " + sum;
  }

  private static String answer(String line, boolean[] warm) throws Exception {
    String[] words = line.split(" ");
    if (words.length != 5 || !words[0].equals("run")) return "error " + line + "?";
    int producers = Integer.parseInt(words[1]);
    int consumers = Integer.parseInt(words[2]);
    int batch = Integer.parseInt(words[3]);
    int items = Integer.parseInt(words[4]);
    if (boxed.length < items) {
      boxed = new Long[items];
      for (int i = 0; i < items; i++) boxed[i] = (long) i;
    }
    for (int i = 0; i < WARM && !warm[0]; i++) {
      for (int b : new int[] {1, 32}) run(1 + i % 2, 1 + i % 2, b, Math.min(items, 100_000));
    }
    warm[0] = true;
    return run(producers, consumers, batch, items);
  }

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    boolean[] warm = {false};
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      System.out.println(answer(line, warm));
    }
  }
}
