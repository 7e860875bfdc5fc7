package tally.bench.peers.streams;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;

/**
 * One block cache and one bound on memtables for the stores of all tasks, as the chapter "Memory
 * management" of Kafka Streams' developer guide has it.
 */
public final class BoundedMemory implements RocksDBConfigSetter {
  static final long OFF_HEAP_BYTES = 512L << 20;

  private static final long MEMTABLE_BYTES = 256L << 20;
  private static final long ONE_MEMTABLE_BYTES = 16L << 20;
  private static final int MEMTABLES_MAX = 3;
  private static final double INDEX_AND_FILTER_RATIO = 0.2;
  private static final long BLOCK_BYTES = 4096;

  static {
    RocksDB.loadLibrary();
  }

  private static final Cache CACHE =
      new LRUCache(OFF_HEAP_BYTES, -1, false, INDEX_AND_FILTER_RATIO);
  private static final WriteBufferManager WRITE_BUFFERS =
      new WriteBufferManager(MEMTABLE_BYTES, CACHE);

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    table.setCacheIndexAndFilterBlocksWithHighPriority(true);
    table.setPinTopLevelIndexAndFilter(true);
    table.setBlockSize(BLOCK_BYTES);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(WRITE_BUFFERS);
    options.setWriteBufferSize(ONE_MEMTABLE_BYTES);
    options.setMaxWriteBufferNumber(MEMTABLES_MAX);
  }

  @Override
  public void close(String store, Options options) {
    // The cache and the write buffers belong to all stores.
  }
}
