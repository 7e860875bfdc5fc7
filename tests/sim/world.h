// Everything that there is in a life, and how its steps move it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/instance.h"
#include "tests/sim/reads.h"
#include "tests/sim/story.h"

namespace tally::sim {

class World {
 public:
  // `verbose`: every step is printed as it is taken. The story outlives the world.
  World(const Story& story, bool verbose);
  ~World();

  // Takes all steps, then lets everything come to rest without faults, and checks that it is what
  // it should be. Fails the life otherwise.
  void Live();

 private:
  void Next();  // the next step
  void Do(const Step& step);
  void DoToLog(const Step& step);
  void DoToDisk(const Step& step);
  void DoToProcess(const Step& step);

  void Between();  // in the middle of a job
  void AddRecord(uint64_t salt);
  void ElectUncleanly(const Step& step);
  void RunJob(const Step& step);
  void HurryToJob(Instance& instance);

  Instance& Pick(const Step& step) { return *instances_[step.salt % instances_.size()]; }
  int32_t PickPartition(const Step& step) const;
  domain::Topic PickTopic(const Step& step) const;

  void AddInstances(int count);
  void Start(Instance& instance, Random& random);
  void Kill(Instance& instance, Random& random);
  void LosePower(Instance& instance, Random& random);
  void Resize(int instances, Random& random);
  void Check();

  void ComeToRest();
  void HealAll();
  bool IsAtRest() const;
  void MoveEverything();
  void CheckEnd();
  void CheckAnotherLog();
  // Its offsets were deleted from the log: it cannot go on.
  bool IsStuck(const Instance& instance, int32_t partition) const;

  const Story& story_;
  const bool verbose_;
  size_t next_step_ = 0;
  Surroundings around_;
  Reads reads_;
  int count_ = 1;  // of instances, the twin aside
  // By ordinal, those that do not run included; the last is the twin's.
  std::map<int, std::unique_ptr<Disk>> disks_;
  std::vector<std::unique_ptr<Instance>> instances_;

  bool in_job_ = false;
  uint32_t turns_in_job_ = 0;
  Random in_job_random_{0};
};

}  // namespace tally::sim
